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

    /// Ends in finished(), unless stop() comes first. Nothing happens while it runs.
    /// @param request of an idempotent command, called once for each index, ascending
    void run(int count, Request request, Answered answered);
    /// What is in flight may run all the same, and answered isn't called for it.
    void stop();

    bool isRunning() const { return m_isRunning; }
    int count() const { return m_count; }
    int answeredCount() const { return m_answered; } ///< failed ones too

Q_SIGNALS:
    void finished();

private:
    void sendMore();

    ClusterClient& m_client;
    Request m_request;
    Answered m_onAnswer;
    std::unique_ptr<QObject> m_run; ///< callbacks of a run that was stopped are dropped with it
    int m_count = 0;
    int m_sent = 0;
    int m_answered = 0;
    bool m_isRunning = false;
};

} // namespace quoit
