#include "tests/unit/commands/redis_process.h"

#include "shared/resp/writer.h"

#include <QElapsedTimer>
#include <QStandardPaths>
#include <QTcpServer>
#include <QThread>

#include <charconv>

namespace quoit::testing {

namespace {

constexpr int startMsMax = 10000;
constexpr int replyMsMax = 20000;
constexpr int endMsMax = 5000;

quint16 freePort()
{
    QTcpServer probe;
    return probe.listen(QHostAddress::LocalHost, 0) ? probe.serverPort() : quint16(0);
}

QString program()
{
    return QStandardPaths::findExecutable(QStringLiteral("redis-server"));
}

} // namespace

RedisProcess::~RedisProcess()
{
    m_socket.abort();
    if (m_process.state() == QProcess::NotRunning)
        return;
    m_process.terminate();
    if (!m_process.waitForFinished(endMsMax)) {
        m_process.kill();
        m_process.waitForFinished(endMsMax);
    }
}

bool RedisProcess::isInstalled()
{
    return !program().isEmpty();
}

bool RedisProcess::start()
{
    const quint16 port = freePort();
    QStringList arguments;
    const auto option = [&arguments](const char* name, const QString& value) {
        arguments << QString::fromLatin1(name) << value;
    };
    option("--port", QString::number(port));
    option("--bind", QStringLiteral("127.0.0.1"));
    option("--save", QString());
    option("--appendonly", QStringLiteral("no"));
    option("--dir", m_folder.path());
    option("--proto-max-bulk-len", QStringLiteral("16mb")); // as CommandLimits
    m_process.setStandardOutputFile(m_folder.filePath(QStringLiteral("log")));
    m_process.start(program(), arguments);
    if (!m_process.waitForStarted(startMsMax)) {
        m_error = m_process.errorString().toStdString();
        return false;
    }
    return connectTo(port);
}

bool RedisProcess::connectTo(quint16 port)
{
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < startMsMax && m_process.state() == QProcess::Running) {
        m_socket.connectToHost(QHostAddress(QHostAddress::LocalHost), port);
        if (m_socket.waitForConnected(1000))
            return true;
        m_socket.abort();
        QThread::msleep(20);
        m_process.waitForFinished(1); // notices an end
    }
    m_error = "redis-server doesn't listen";
    return false;
}

std::vector<std::string> RedisProcess::run(const std::vector<std::vector<std::string>>& requests)
{
    std::string bytes;
    for (const auto& request : requests)
        appendRequest(bytes, request);
    m_socket.write(bytes.data(), static_cast<qint64>(bytes.size()));
    std::vector<std::string> replies;
    std::string received;
    std::size_t begin = 0;
    while (replies.size() < requests.size()) {
        if (const auto length = replyBytes(std::string_view(received).substr(begin))) {
            replies.push_back(received.substr(begin, *length));
            begin += *length;
            continue;
        }
        if (m_socket.bytesAvailable() == 0 && !m_socket.waitForReadyRead(replyMsMax)) {
            m_error = m_socket.errorString().toStdString();
            break;
        }
        received.erase(0, begin);
        begin = 0;
        received += m_socket.readAll().toStdString();
    }
    return replies;
}

std::optional<std::size_t> replyBytes(std::string_view stream)
{
    const std::size_t lineEnd = stream.find("\r\n");
    if (lineEnd == std::string_view::npos)
        return std::nullopt;
    std::size_t end = lineEnd + 2;
    std::int64_t count = 0;
    std::from_chars(stream.data() + 1, stream.data() + lineEnd, count);
    if (stream.front() == '$' && count >= 0)
        end += static_cast<std::size_t>(count) + 2;
    else if (stream.front() == '*')
        for (; count > 0; --count) {
            const auto element = replyBytes(stream.substr(std::min(end, stream.size())));
            if (!element)
                return std::nullopt;
            end += *element;
        }
    return end <= stream.size() ? std::optional(end) : std::nullopt;
}

} // namespace quoit::testing
