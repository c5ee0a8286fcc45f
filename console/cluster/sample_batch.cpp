#include "console/cluster/sample_batch.h"

namespace quoit {

SampleBatch::SampleBatch(ClusterClient& client, QObject* parent)
    : QObject(parent)
    , m_client(client)
{}

void SampleBatch::run(int count, Request request, Answered answered)
{
    if (m_isRunning)
        return;
    m_run = std::make_unique<QObject>();
    m_request = std::move(request);
    m_onAnswer = std::move(answered);
    m_count = count;
    m_sent = 0;
    m_answered = 0;
    m_isRunning = true;
    sendMore();
}

void SampleBatch::stop()
{
    m_isRunning = false;
    m_run.reset();
}

void SampleBatch::sendMore()
{
    while (m_isRunning && m_sent < m_count && m_sent - m_answered < windowMax) {
        const int index = m_sent++;
        m_client.request(m_request(index), {.deadline = deadline, .idempotent = true, .context = m_run.get()},
                         [this, index](const ClientReply& reply) {
                             ++m_answered;
                             m_onAnswer(index, reply);
                             if (m_isRunning && m_answered == m_count) {
                                 m_isRunning = false;
                                 Q_EMIT finished();
                             } else {
                                 sendMore();
                             }
                         });
    }
}

} // namespace quoit
