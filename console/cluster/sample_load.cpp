#include "console/cluster/sample_load.h"

#include <algorithm>

namespace quoit {

namespace {

constexpr int tickMs = 10;

} // namespace

SampleLoad::SampleLoad(ClusterClient& client, SampleLedger& ledger, Options options, QObject* parent)
    : QObject(parent)
    , m_client(client)
    , m_ledger(ledger)
    , m_options(options)
{
    m_tick.setTimerType(Qt::PreciseTimer);
    m_tick.setInterval(tickMs);
    connect(&m_tick, &QTimer::timeout, this, &SampleLoad::onTick);
}

void SampleLoad::start()
{
    if (isRunning())
        return;
    m_isDraining = false;
    m_total = {};
    m_sinceMark = {};
    m_due = 0;
    m_clock.start();
    m_tick.start();
}

void SampleLoad::stop()
{
    m_tick.stop();
    m_isDraining = true;
    QMetaObject::invokeMethod(this, &SampleLoad::drainIfDone, Qt::QueuedConnection);
}

void SampleLoad::onTick()
{
    const qint64 elapsedMs = m_clock.elapsed();
    if (elapsedMs >= m_options.durationMax.count()) {
        m_tick.stop();
        return Q_EMIT expired();
    }
    const quint64 due = quint64(elapsedMs) * quint64(m_options.operationsPerSecond) / 1000;
    // What a pause of this program has made late isn't sent in one heap.
    quint64 now = std::min<quint64>(due - m_due, quint64(m_options.operationsPerSecond) / 10 + 1);
    m_due = due;
    for (; now > 0 && m_inFlight < inFlightMax; --now)
        sendNext();
}

void SampleLoad::sendNext()
{
    const auto count = quint64(m_ledger.keyCount());
    const int index = int(m_number % count);
    const bool isWrite = (m_number + m_number / count) % 2 == 0; // the next round does it the other way
    ++m_number;
    if (m_ledger.isBusy(index))
        return;
    std::vector<std::string> arguments;
    if (isWrite) {
        arguments = {"SET", m_ledger.key(index), m_ledger.beginWrite(index)};
    } else {
        arguments = {"GET", m_ledger.key(index)};
        m_ledger.beginRead(index);
    }
    ++m_inFlight;
    m_client.request(arguments, {.deadline = m_options.deadline, .idempotent = true, .context = this},
                     [this, index, isWrite, sentNs = m_clock.nsecsElapsed()](const ClientReply& reply) {
                         onAnswer(index, isWrite, sentNs, reply);
                     });
}

void SampleLoad::onAnswer(int index, bool isWrite, qint64 sentNs, const ClientReply& reply)
{
    --m_inFlight;
    const qint64 tookUs = (m_clock.nsecsElapsed() - sentNs) / 1000;
    bool isRight = true;
    if (isWrite)
        m_ledger.endWrite(index, reply.ok());
    else if (!reply.ok())
        m_ledger.endRead(index);
    else
        isRight = m_ledger.endRead(index, reply.value.isNull() ? std::nullopt : std::optional(reply.value.text));
    for (Counts* counts : {&m_total, &m_sinceMark}) {
        reply.ok() ? ++counts->acknowledged : ++counts->failed;
        counts->wrong += !isRight;
        counts->longestUs = std::max(counts->longestUs, tookUs);
        if (!reply.ok() && counts->problem.empty())
            counts->problem = reply.errorText();
    }
    drainIfDone();
}

void SampleLoad::drainIfDone()
{
    if (!m_isDraining || m_inFlight > 0)
        return;
    m_isDraining = false;
    Q_EMIT drained();
}

} // namespace quoit
