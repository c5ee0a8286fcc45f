// console/cluster/past_tables.h - rings, states of nodes, events and when anybody listened: the tables of the history's
// file that change seldom. Each row holds from its second to that of the next; what is the same as before isn't written.
// Used by HistoryFile, in its transactions and on its thread.
//
//   maps    (cluster, second, map)     ClusterMap::encode(), compressed as qCompress() does
//   states  (cluster, second, nodes)   likewise compressed; a node: id u32 | state u8 | storage full u8 | began i64 (ms) |
//                                      incarnation u64 | keys u64 | data bytes u64 | n u8, version in n bytes; little endian.
//                                      State: 0 unknown, 1 up, 2 suspect, 3 down, 4 waiting
//   events  (cluster, ms, kind, node, text)
//   spans   (cluster, first, last)     seconds of reports without a pause between them
#pragma once

#include "console/cluster/past_moment.h"
#include "console/cluster/timeline.h"
#include "shared/base/result.h"

#include <QByteArray>
#include <QString>

#include <optional>

struct sqlite3;

namespace quoit {

struct HistorySecond;

class PastTables
{
public:
    // Rows of a cluster; the oldest go first.
    static constexpr qint64 mapsMax = 2000;
    static constexpr qint64 statesMax = 20'000;
    static constexpr qint64 eventsMax = qint64(Timeline::eventsMax);
    static constexpr qint64 spansMax = 5000;

    /// @param fileName for messages
    explicit PastTables(QString fileName);

    /// Makes the tables. @param isOlder the file is of a program that had none: when it listened is taken from its samples
    Result<void> make(sqlite3* handle, bool isOlder);
    Result<void> write(sqlite3* handle, qint64 cluster, const std::vector<HistorySecond>& seconds);
    /// All but the figures. @return Corrupt: a row doesn't decode
    Result<PastMoment> read(sqlite3* handle, qint64 cluster, qint64 second);
    Result<Timeline> timeline(sqlite3* handle, qint64 cluster);
    /// @param firstSecond before it no figures are kept; what held on then stays
    Result<void> prune(sqlite3* handle, qint64 cluster, qint64 firstSecond);
    /// Of clusters that are no longer listed.
    Result<void> forgetOthers(sqlite3* handle);

private:
    Result<void> writeMap(sqlite3* handle, qint64 cluster, const HistorySecond& second);
    Result<void> writeStates(sqlite3* handle, qint64 cluster, const HistorySecond& second);
    Result<void> writeEvents(sqlite3* handle, qint64 cluster, const HistorySecond& second);
    Result<void> writeSpan(sqlite3* handle, qint64 cluster, qint64 second);
    Result<std::optional<QByteArray>> lastBefore(sqlite3* handle, const char* sql, qint64 cluster, qint64 second);
    Result<void> execute(sqlite3* handle, const char* sql);
    Result<void> run(sqlite3* handle, const char* sql, std::initializer_list<qint64> values);
    Error corrupt() const;

    const QString m_fileName;
    QByteArray m_mapBytes; ///< of m_map: going from moment to moment, the same ring comes again and again
    ClusterMapPtr m_map;
};

} // namespace quoit
