#include "console/terminal/session.h"

#include "console/terminal/text.h"

#include <QEventLoop>
#include <QTimer>

namespace quoit::terminal {

namespace {

constexpr Milliseconds connectPatience = 5s;
constexpr Milliseconds answerPatience = 5s; // for an answer that isn't "not now"
constexpr Milliseconds answerGrace = 30s;   // a node that lives answers: after 5 s, later if values are large

ClusterClient::Options clientOptions()
{
    ClusterClient::Options options;
    options.link.connection.clientName = "quoit";
    return options;
}

} // namespace

Session::Session(const Options& options, Output& output, const char* advice)
    : m_client(clientOptions())
    , m_output(output)
    , m_address(options.address)
    , m_advice(advice)
{}

bool Session::connectToCluster()
{
    const QStringList seeds = QString::fromStdString(m_address).split(QLatin1Char(','), Qt::SkipEmptyParts);
    for (const QString& seed : seeds) {
        if (parseHostPort(seed))
            continue;
        m_output.complain(inQuotes(seed.toStdString()) + " is no address: it needs a host and a port, as in 127.0.0.1:7400.");
        m_failure = exitUsage;
        return false;
    }
    QEventLoop loop;
    QString reason = QStringLiteral("no answer");
    qsizetype failedCount = 0;
    connect(&m_client, &ClusterClient::connected, &loop, &QEventLoop::quit);
    connect(&m_client, &ClusterClient::attemptFailed, &loop, [&](const QString&, const QString& why) {
        reason = why;
        // One attempt for each address is enough for somebody who waits at a prompt.
        if (++failedCount >= seeds.size())
            loop.quit();
    });
    QTimer::singleShot(connectPatience, &loop, &QEventLoop::quit);
    m_client.connectTo(seeds);
    if (!m_client.isConnected())
        loop.exec();
    if (!m_client.isConnected())
        complainOfConnection(reason);
    return m_client.isConnected();
}

std::optional<RespValue> Session::ask(const std::vector<std::string>& arguments, bool idempotent)
{
    QEventLoop loop;
    ClientReply answer;
    bool isDone = false;
    m_client.request(arguments, {.deadline = answerPatience, .grace = answerGrace, .idempotent = idempotent, .context = &loop},
                     [&](ClientReply reply) {
                         answer = std::move(reply);
                         isDone = true;
                         loop.quit();
                     });
    if (!isDone)
        loop.exec();
    if (answer.ok())
        return std::move(answer.value);
    if (answer.fate == RequestFate::NotRun && !m_client.isConnected())
        complainOfConnection(QString::fromStdString(answer.reason));
    else
        m_failure = refuse(printable(answer.errorText()));
    return std::nullopt;
}

int Session::refuse(const std::string& text)
{
    m_output.complain(text);
    return exitNotDone;
}

void Session::complainOfConnection(const QString& reason)
{
    m_failure = exitNoConnection;
    m_output.complain("No connection to " + m_address + ": " + reason.toStdString() + "\n" + m_advice);
}

} // namespace quoit::terminal
