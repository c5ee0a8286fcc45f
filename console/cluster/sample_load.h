// console/cluster/sample_load.h - reads and writes of the sample keys at a steady pace, and what became of each.
#pragma once

#include "console/cluster/sample_ledger.h"
#include "shared/client/cluster_client.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

namespace quoit {

class SampleLoad : public QObject
{
    Q_OBJECT

public:
    static constexpr int inFlightMax = 1000; ///< while so many wait for an answer, no more are sent
    struct Options
    {
        int operationsPerSecond = 500; ///< half reads, half writes
        Milliseconds durationMax{600'000};
        Milliseconds deadline{10'000}; ///< a request without an answer until then has failed
    };
    struct Counts
    {
        quint64 acknowledged = 0;
        quint64 failed = 0;
        quint64 wrong = 0;     ///< reads that didn't give what was acknowledged last
        qint64 longestUs = 0;  ///< from sending to the answer, repetitions included
        std::string problem{}; ///< of the first that failed
    };

    /// @param client and ledger must outlive this
    SampleLoad(ClusterClient& client, SampleLedger& ledger, Options options, QObject* parent = nullptr);

    /// Nothing happens while it runs.
    void start();
    /// Sends no more; drained() once everything is answered.
    void stop();
    bool isRunning() const { return m_tick.isActive(); }
    int inFlight() const { return m_inFlight; }

    const Counts& total() const { return m_total; }
    /// Answers since mark().
    const Counts& sinceMark() const { return m_sinceMark; }
    void mark() { m_sinceMark = {}; }

Q_SIGNALS:
    /// Its time is over: no more is sent.
    void expired();
    void drained();

private:
    void onTick();
    void sendNext();
    void onAnswer(int index, bool isWrite, qint64 sentNs, const ClientReply& reply);
    void drainIfDone();

    ClusterClient& m_client;
    SampleLedger& m_ledger;
    const Options m_options;
    QTimer m_tick;
    QElapsedTimer m_clock;
    quint64 m_due = 0; ///< requests that were to be sent since start()
    quint64 m_number = 0;
    int m_inFlight = 0;
    bool m_isDraining = false;
    Counts m_total;
    Counts m_sinceMark;
};

} // namespace quoit
