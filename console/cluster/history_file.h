// console/cluster/history_file.h - the figures of past hours, days and weeks in one SQLite file of bounded size.
// Used by one thread at a time; console/cluster/history_store.h gives it a thread of its own.
//
// A table `samples` has one row for each cluster, tier and moment, with a blob of figures: console/cluster/history_codec.h. Those of
// seconds aren't packed: they are what a node said. Of longer steps five digits are enough. Which figure has which place is written
// in the table `metrics`, so that later programs may name others.
// Rings, states of nodes and events, which change seldom, have tables of their own: console/cluster/past_tables.h.
// Format 1 (PRAGMA user_version) had none of these, format 2 packed nothing, format 3 had no tier of 10 min; all are taken over when
// the file is opened.
#pragma once

#include "console/cluster/history_codec.h"
#include "console/cluster/past_tables.h"
#include "shared/base/result.h"

#include <QByteArray>
#include <QString>

#include <map>
#include <memory>
#include <vector>

struct sqlite3;

namespace quoit {

/// What was told in one second.
struct HistorySecond
{
    qint64 second = 0; ///< Unix epoch
    std::vector<std::pair<NodeId, MetricValues>> nodes; ///< noNode: the cluster
    ClusterMapPtr map;                ///< null: as before
    std::vector<NodePast> states;     ///< ascending by id; [0]: as before
    std::vector<ClusterEvent> events; ///< told in this second
};

/// How finely the past is kept, and for how long.
struct HistoryTier
{
    int stepSeconds;
    qint64 keptSeconds;
    qint64 keptSecondsMin; ///< however many nodes there are
};
inline constexpr qint64 historySeconds = 30 * 86'400;
inline constexpr std::array<HistoryTier, 4> historyTiers = {
    {{1, 3600, 3600}, {10, 86'400, 2 * 3600}, {60, historySeconds, 2 * 86'400}, {600, historySeconds, historySeconds}}};

/// A stretch of the past in even steps: the smallest and largest of each figure in each. NaN: nobody told.
struct HistoryWindow
{
    struct Band
    {
        std::vector<float> low; // [steps]
        std::vector<float> high;
    };
    using Bands = std::vector<Band>; // [metricCount]

    qint64 fromSecond = 0; ///< a multiple of stepSeconds
    qint64 toSecond = 0;   ///< not included
    int stepSeconds = 1;
    std::map<NodeId, Bands> nodes;

    std::size_t steps() const { return std::size_t((toSecond - fromSecond) / stepSeconds); }
    /// @return nullptr: nobody told of that node. Borrowed from this.
    const Band* band(NodeId node, Metric metric) const;
};

class HistoryFile
{
public:
    static constexpr qint64 bytesMaxUsual = 256 << 20;

    /// @param bytesMax in use in the file. Of more than that tiers are thinned, finer ones first; then goes what is oldest.
    explicit HistoryFile(QString fileName, qint64 bytesMax = bytesMaxUsual);
    ~HistoryFile();
    HistoryFile(const HistoryFile&) = delete;
    HistoryFile& operator=(const HistoryFile&) = delete;

    /// Opens or makes the file. @return Corrupt: it is damaged; Unsupported: a newer program wrote it; Io, DiskFull
    Result<void> open();
    bool isOpen() const { return m_handle != nullptr; }
    /// Closes the file and renames it to NAME.damaged, in place of an older one. @return that name
    Result<QString> setAside();

    /// One transaction. What is known already of a moment is widened, so writing twice does no harm.
    Result<void> write(const QString& clusterId, const std::vector<HistorySecond>& seconds);
    /// From the coarsest tier that is fine enough and reaches back so far. @param steps at most about so many; > 0
    Result<HistoryWindow> read(const QString& clusterId, qint64 fromSecond, qint64 toSecond, qint64 nowSecond,
                               int steps);
    /// What is kept of one moment.
    Result<PastMoment> moment(const QString& clusterId, qint64 second);
    /// When anybody listened, and what happened.
    Result<Timeline> timeline(const QString& clusterId);
    /// The oldest moment that is kept; 0: none.
    Result<qint64> firstSecond(const QString& clusterId);
    /// Deletes what is too old or too much.
    Result<void> prune(qint64 nowSecond);
    /// In use, without what was freed in the file.
    Result<qint64> bytesUsed();

private:
    struct Closer
    {
        void operator()(sqlite3* handle) const;
    };

    Result<void> execute(const char* sql);
    Result<qint64> number(const char* sql);
    Result<void> make();
    Result<void> readPlaces();
    Result<void> fillCoarsest();
    /// @return 0: the cluster isn't known
    Result<qint64> idOf(const QString& clusterId, bool isMade);
    Result<qint64> firstSecond(qint64 cluster);
    Result<void> readFigures(qint64 cluster, PastMoment& moment);
    /// @return whether the next coarser tier has more of this time, at its begin
    Result<bool> reachesFartherBack(qint64 cluster, std::size_t tier, qint64 fromSecond, qint64 toSecond);
    Result<qint64> oldestSecond();
    Result<void> dropBefore(int stepSeconds, qint64 second);
    Result<void> keepBound(qint64 nowSecond);
    Result<void> forgetOldest(qint64 nowSecond);
    Result<void> prunePast();
    Result<void> merge(qint64 cluster, int stepSeconds, const std::vector<HistorySecond>& seconds);
    /// Widens what is kept of that moment. @param nodes ends with what is kept then
    Result<void> put(qint64 cluster, int stepSeconds, qint64 second, std::map<NodeId, StepFigures>& nodes);
    Error error() const;
    Error damage() const;

    const QString m_fileName;
    const qint64 m_bytesMax;
    std::unique_ptr<sqlite3, Closer> m_handle;
    PastTables m_past;
    std::vector<int> m_metricAt; ///< [places in the file] metric; -1: this program doesn't know it
    std::array<int, metricCount> m_placeOf{};
};

} // namespace quoit
