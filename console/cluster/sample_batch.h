// console/cluster/sample_batch.h - one request for each of many keys, a window of them in flight: loads, reads back and deletes
// the tour's sample keys.
#pragma once

#include "shared/client/cluster_client.h"

#include <QObject>

#include <functional>
#include <string>
#include <vector>

namespace quoit {

class SampleBatch : public QObject
{
    Q_OBJECT

public:
    static constexpr int windowMax = 64;
    static constexpr Milliseconds deadline{10'000};

    using Request = std::function<std::vector<std::string>(int index)>;
    using Answered = std::function<void(int index, const ClientReply& reply)>;

    /// @param client must outlive this
    explicit SampleBatch(ClusterClient& client, QObject* parent = nullptr);

    /// Ends in finished(), unless stop() comes first. Nothing happens while it runs or something is in flight.
    /// @param request of an idempotent command, called once for each index, ascending
    void run(int count, Request request, Answered answered);
    /// Sends no more. What is in flight may run all the same: it is waited for until idle(), but answered isn't called for it.
    void stop() { m_isRunning = false; }

    bool isRunning() const { return m_isRunning; }
    int inFlight() const { return m_inFlight; }
    int count() const { return m_count; }
    int answeredCount() const { return m_answered; } ///< failed ones too

Q_SIGNALS:
    void finished();
    /// After stop(): nothing is in flight any more.
    void idle();

private:
    void sendMore();
    void onReply(int index, const ClientReply& reply);

    ClusterClient& m_client;
    Request m_request;
    Answered m_onAnswer;
    int m_count = 0;
    int m_sent = 0;
    int m_answered = 0;
    int m_inFlight = 0;
    bool m_isRunning = false;
};

} // namespace quoit
