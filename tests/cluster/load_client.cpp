#include "tests/cluster/load_client.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace quoit::test {

namespace {

constexpr int retryMinMs = 10;
constexpr int retryMaxMs = 60;
/// Some give up long before a node would (5 s), some after.
constexpr int patienceMinMs = 1000;
constexpr int patienceMaxMs = 8000;
constexpr int longPatienceMs = 20'000;
constexpr double wanderChance = 0.01; ///< to another node though all is well

} // namespace

std::int64_t nowUs()
{
    return std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Outcome::Fate fateOf(const ClientReply& reply)
{
    using enum Outcome::Fate;
    if (reply.fate != RequestFate::Answered)
        return reply.fate == RequestFate::NotRun ? Refused : Unknown;
    if (!reply.value.isError())
        return Answered;
    const std::string& text = reply.value.text;
    const auto begins = [&text](const char* code) { return text.starts_with(code); };
    if (begins("UNKNOWN "))
        return Unknown;
    return std::ranges::any_of(std::to_array({"NOQUORUM ", "BUSY ", "MISCONF ", "CLUSTERDOWN ", "ERR max number"}),
                               begins)
               ? Refused
               : Answered;
}

QString failureText(const std::string& key, const Outcome& outcome)
{
    return QStringLiteral("%1 at node %2, %3 ms after it was sent, %4: %5")
        .arg(QString::fromStdString(key.substr(0, 100)))
        .arg(outcome.node)
        .arg((outcome.returnedUs - outcome.calledUs) / 1000)
        .arg(outcome.fate == Outcome::Fate::Unknown ? QStringLiteral("unknown") : QStringLiteral("refused"),
             outcome.value.isError() ? QString::fromStdString(outcome.value.text.substr(0, 100)) : QStringLiteral("no reply, ") + outcome.lost);
}

LoadClient::LoadClient(int nodeCount, AddressOf addressOf, std::uint64_t seed)
    : m_nodeCount(nodeCount)
    , m_addressOf(std::move(addressOf))
    , m_random(seed)
{
    m_patience.setSingleShot(true);
    m_retry.setSingleShot(true);
    const auto range = static_cast<std::uint64_t>(patienceMaxMs - patienceMinMs);
    m_patience.setInterval(patienceMinMs + static_cast<int>(m_random.below(range)));
    connect(&m_patience, &QTimer::timeout, this, [this] { m_connection->close(QStringLiteral("no answer in time")); });
    connect(&m_retry, &QTimer::timeout, this, [this] { connectSomewhere(); });
}

LoadClient::~LoadClient() = default;

void LoadClient::call(std::vector<std::string> arguments, Done done)
{
    m_arguments = std::move(arguments);
    m_done = std::move(done);
    m_isSent = false;
    if (m_connection && m_connection->isOpen() && m_random.chance(wanderChance))
        drop();
    // Later, as promised; that an open connection is lost meanwhile is seen there.
    m_retry.start(0);
}

void LoadClient::giveUp()
{
    m_hasGivenUp = true;
    if (isBusy() && !m_isSent)
        m_retry.start(0);
}

void LoadClient::bePatient()
{
    m_patience.setInterval(longPatienceMs);
}

void LoadClient::connectSomewhere()
{
    if (!isBusy() || m_isSent)
        return;
    if (m_hasGivenUp) {
        finish({});
        return;
    }
    if (m_connection) {
        if (m_connection->isOpen())
            sendNow();
        return;
    }
    m_node = 1 + static_cast<int>(m_random.below(static_cast<std::uint64_t>(m_nodeCount)));
    const auto address = parseHostPort(m_addressOf(m_node));
    if (!address) {
        m_retry.start(retryMinMs + static_cast<int>(m_random.below(retryMaxMs - retryMinMs)));
        return;
    }
    m_connection = std::make_unique<RespConnection>(RespConnection::Options{});
    connect(m_connection.get(), &RespConnection::opened, this, [this] { m_retry.start(0); });
    connect(m_connection.get(), &RespConnection::closed, this, [this] {
        drop();
        if (isBusy() && !m_isSent)
            m_retry.start(retryMinMs + static_cast<int>(m_random.below(retryMaxMs - retryMinMs)));
    });
    m_connection->open(*address);
}

void LoadClient::sendNow()
{
    m_isSent = true;
    m_patience.start();
    m_calledUs = nowUs();
    m_connection->send(m_arguments, [this](const ClientReply& reply) {
        if (reply.fate == RequestFate::NotRun && !m_hasGivenUp) { // the node had ended the connection before; another one takes it
            m_patience.stop();
            m_isSent = false;
            return;
        }
        const QString lost = reply.fate == RequestFate::Answered ? QString() : QString::fromStdString(reply.errorText());
        finish({fateOf(reply), reply.value, m_calledUs, nowUs(), m_node, lost});
    });
}

void LoadClient::finish(Outcome outcome)
{
    m_patience.stop();
    m_isSent = false;
    const Done done = std::exchange(m_done, nullptr);
    done(outcome);
}

/// It may be what is calling us.
void LoadClient::drop()
{
    m_connection->disconnect(this);
    m_connection.release()->deleteLater();
}

} // namespace quoit::test
