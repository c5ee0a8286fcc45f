// console/cluster/change_desk.h - where changes of the ring are asked for: plans, their application, and how far one
// is. The same commands as the terminal's (QUOIT.PLAN and its kin). No widgets; decides nothing: the nodes say what may
// be done, in their own words.
#pragma once

#include "shared/admin/change_report.h"
#include "shared/client/cluster_client.h"
#include "shared/ring/cluster_map.h"

#include <QObject>
#include <QTimer>

#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace quoit {

/// One step of a change, as a person stages it.
struct StagedStep
{
    ChangeStep::Kind kind = ChangeStep::Kind::Join;
    NodeId node = noNode; ///< the member that it is about; noNode for Join and Replicas
    QString nodeName;     ///< for people
    QString address;      ///< "host:port" of the node that comes in, for clients; Join and Replace
    double weight = 1;
    QString zone;
    int replicas = 3;

    /// "Replace node-2 by 127.0.0.1:7405"
    QString text() const;
    /// What the node holds is given up: to be confirmed by its name.
    bool givesUpData() const;

    bool operator==(const StagedStep&) const = default;
};

/// Callbacks come once, never before the call returns, and not at all once the context or this is destroyed.
class ChangeDesk : public QObject
{
    Q_OBJECT

public:
    using PlanCallback = std::function<void(const Result<PlanReport>&)>;
    /// @param problem for people; empty: done
    using DoneCallback = std::function<void(const QString& problem)>;

    explicit ChangeDesk(QObject* parent = nullptr);

    /// @param seeds "host:port" of any members
    void connectTo(const QStringList& seeds);
    void disconnectFromCluster();

    /// Asks newcomers who they are, then any member for a plan. Nothing happens to the ring.
    /// @param isUnderStrength it may leave fewer nodes than replicas
    void plan(const std::vector<StagedStep>& steps, QObject* context, PlanCallback callback, bool isUnderStrength = false);
    /// @param number of a plan that was made here
    void apply(quint64 number, QObject* context, DoneCallback callback);
    /// @param number of the change in progress or of one that waits
    void abort(quint64 number, QObject* context, DoneCallback callback);
    void setPaused(bool isPaused, QObject* context, DoneCallback callback);
    /// @param megabytesPerSecond for each node that copies, 0 … 100,000; 0: as fast as clients allow
    void throttle(int megabytesPerSecond, QObject* context, DoneCallback callback);

    /// Somebody looks: QUOIT.CHANGES is asked for once a second, one request at a time.
    void setWatched(bool isWatched);
    /// Asks as well while a change is in progress, whoever looks. @param map may be null
    void follow(const ClusterMapPtr& map);

    /// The last answer; nothing before the first.
    const std::optional<ChangesReport>& changes() const { return m_changes; }
    /// Why there is no answer; empty while there is one.
    const QString& trouble() const { return m_trouble; }
    /// Keys and values that were copied for the change in progress.
    quint64 bytesCopied() const { return m_bytesCopied; }
    /// Over the last ten seconds; nothing while it isn't known.
    std::optional<double> bytesPerSecond() const;
    /// At the rate of the last ten seconds; nothing while it isn't known, or nothing moves.
    std::optional<qint64> remainingMs() const;

Q_SIGNALS:
    /// changes(), trouble() and the figures; after every answer.
    void changed();

private:
    struct Sample
    {
        qint64 timeMs = 0;
        quint64 bytes = 0;
        quint64 partitions = 0;
    };

    void command(const std::vector<std::string>& arguments, QObject* context, DoneCallback callback);
    void updatePolling();
    void poll();
    void onChanges(const ClientReply& reply);
    void measure(const ChangesReport& report);

    ClusterClient m_client;
    QTimer m_timer;
    bool m_isWatched = false;
    bool m_isChanging = false;
    bool m_isAsked = false;
    bool m_isConnectionWanted = false;
    std::optional<ChangesReport> m_changes;
    QString m_trouble;
    quint64 m_measured = 0;                  ///< the number of the change that the figures are of
    quint64 m_bytesCopied = 0;
    std::deque<Sample> m_samples; ///< oldest first
};

} // namespace quoit
