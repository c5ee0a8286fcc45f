#include "console/cluster/sample_batch.h"

namespace quoit {

SampleBatch::SampleBatch(ClusterClient& client, QObject* parent)
    : QObject(parent)
    , m_client(client)
{}

void SampleBatch::run(int count, Request request, Answered answered)
{
    if (m_isRunning || m_inFlight > 0)
        return;
    m_request = std::move(request);
    m_onAnswer = std::move(answered);
    m_count = count;
    m_sent = 0;
    m_answered = 0;
    m_isRunning = true;
    sendMore();
}

void SampleBatch::sendMore()
{
    while (m_isRunning && m_sent < m_count && m_inFlight < windowMax) {
        const int index = m_sent++;
        ++m_inFlight;
        m_client.request(m_request(index), {.deadline = deadline, .idempotent = true, .context = this},
                         [this, index](const ClientReply& reply) { onReply(index, reply); });
    }
}

void SampleBatch::onReply(int index, const ClientReply& reply)
{
    --m_inFlight;
    if (!m_isRunning) {
        if (m_inFlight == 0)
            Q_EMIT idle();
        return;
    }
    ++m_answered;
    m_onAnswer(index, reply);
    if (m_answered < m_count)
        return sendMore();
    m_isRunning = false;
    Q_EMIT finished();
}

} // namespace quoit
