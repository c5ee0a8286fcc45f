// tests/cluster/load_client.h - one client of a cluster under faults: sends one request at a time to some node, and
// says for certain what is known of its fate, and when it ran.
#pragma once

#include "shared/base/random.h"
#include "shared/client/resp_connection.h"

#include <QObject>
#include <QString>
#include <QTimer>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace quoit::test {

/// µs on this process' monotonic clock.
std::int64_t nowUs();

/// What came of one request.
struct Outcome
{
    enum class Fate {
        Answered, ///< with a value, or an error that follows from the key's state
        Refused,  ///< surely not carried out
        Unknown,  ///< it may have been carried out, or may be later
    };
    Fate fate = Fate::Refused;
    RespValue value;             ///< the error too, if there was one
    std::int64_t calledUs = 0;   ///< not after it was sent
    std::int64_t returnedUs = 0; ///< not before its answer came
    int node = 0;
    QString lost; ///< why no reply came; empty if one did
};

/// What a reply says about whether its request was carried out.
Outcome::Fate fateOf(const ClientReply& reply);
/// What became of a request that wasn't answered, for people.
QString failureText(const std::string& key, const Outcome& outcome);

class LoadClient : public QObject
{
public:
    /// Where a node, 1 … nodeCount, takes clients; empty while it doesn't.
    using AddressOf = std::function<QString(int node)>;
    using Done = std::function<void(const Outcome&)>;

    LoadClient(int nodeCount, AddressOf addressOf, std::uint64_t seed);
    ~LoadClient() override;

    /// Sends it as soon as some node takes it. One at a time.
    /// @param done called once, never from within this; may call again
    void call(std::vector<std::string> arguments, Done done);
    bool isBusy() const { return m_done != nullptr; }
    /// Refuses what couldn't be sent yet, now and from now on.
    void giveUp();
    /// Waits for longer than any node takes to answer; else some clients give up earlier. To be called before call().
    void bePatient();

private:
    void connectSomewhere();
    void sendNow();
    void finish(Outcome outcome);
    void drop();

    const int m_nodeCount;
    const AddressOf m_addressOf;
    Random m_random;
    std::unique_ptr<RespConnection> m_connection;
    int m_node = 0; ///< of the connection
    std::vector<std::string> m_arguments;
    Done m_done; ///< of the request at hand
    bool m_isSent = false;
    bool m_hasGivenUp = false;
    std::int64_t m_calledUs = 0;
    QTimer m_patience; ///< how long this client waits for an answer
    QTimer m_retry;
};

} // namespace quoit::test
