#include "console/cluster/past_tables.h"

#include "console/cluster/history_file.h"
#include "console/cluster/sql_statement.h"

#include <QtEndian>

#include <algorithm>

namespace quoit {

namespace {

constexpr qint64 plainBytesMax = 16 << 20; // of one row, unpacked
constexpr qint64 pauseSeconds = Timeline::pauseMs / 1000;

template <typename Number>
void append(QByteArray& bytes, Number number)
{
    const Number little = qToLittleEndian(number);
    bytes.append(reinterpret_cast<const char*>(&little), sizeof little);
}

/// Takes numbers off the front; once one is missing, all are 0 and isGood() isn't.
class Reader
{
public:
    explicit Reader(QByteArrayView bytes)
        : m_bytes(bytes)
    {}

    bool isAtEnd() const { return m_bytes.isEmpty(); }
    bool isGood() const { return m_isGood; }
    template <typename Number>
    Number take()
    {
        const QByteArrayView bytes = take(qsizetype(sizeof(Number)));
        return m_isGood ? qFromLittleEndian<Number>(bytes.data()) : Number();
    }
    QByteArrayView take(qsizetype count)
    {
        m_isGood = m_isGood && count <= m_bytes.size();
        if (!m_isGood)
            return {};
        const QByteArrayView taken = m_bytes.first(count);
        m_bytes = m_bytes.sliced(count);
        return taken;
    }

private:
    QByteArrayView m_bytes;
    bool m_isGood = true;
};

/// @return nothing: the bytes don't unpack, or to too much
std::optional<QByteArray> unpacked(const QByteArray& packed)
{
    constexpr qsizetype headBytes = 4; // how much it unpacks to
    if (packed.size() < headBytes || qFromBigEndian<quint32>(packed.constData()) > plainBytesMax)
        return {};
    QByteArray plain = qUncompress(packed);
    return plain.isEmpty() ? std::nullopt : std::optional(std::move(plain));
}

QByteArray encoded(const std::vector<NodePast>& nodes)
{
    QByteArray bytes;
    for (const NodePast& node : nodes) {
        append(bytes, quint32(node.id));
        append(bytes, quint8(node.state));
        append(bytes, quint8(node.isStorageFull ? 1 : 0));
        append(bytes, qint64(node.beganMs));
        append(bytes, quint64(node.incarnation));
        append(bytes, quint64(node.keys));
        append(bytes, quint64(node.dataBytes));
        append(bytes, quint8(node.version.size()));
        bytes.append(node.version.data(), qsizetype(node.version.size()));
    }
    return bytes;
}

std::optional<std::vector<NodePast>> decoded(QByteArrayView bytes)
{
    std::vector<NodePast> nodes;
    Reader reader(bytes);
    while (!reader.isAtEnd() && reader.isGood()) {
        NodePast& node = nodes.emplace_back();
        node.id = reader.take<quint32>();
        const auto state = reader.take<quint8>();
        if (state > quint8(NodeState::Waiting))
            return {};
        node.state = NodeState(state);
        node.isStorageFull = reader.take<quint8>() != 0;
        node.beganMs = reader.take<qint64>();
        node.incarnation = reader.take<quint64>();
        node.keys = reader.take<quint64>();
        node.dataBytes = reader.take<quint64>();
        node.version = reader.take(reader.take<quint8>()).toByteArray().toStdString();
    }
    return reader.isGood() ? std::optional(std::move(nodes)) : std::nullopt;
}

constexpr auto findMap = "SELECT map FROM maps WHERE cluster = ? AND second <= ? ORDER BY second DESC LIMIT 1";
constexpr auto findStates = "SELECT nodes FROM states WHERE cluster = ? AND second <= ? ORDER BY second DESC LIMIT 1";

} // namespace

PastTables::PastTables(QString fileName)
    : m_fileName(std::move(fileName))
{}

Result<void> PastTables::make(sqlite3* handle, bool isOlder)
{
    m_mapBytes.clear();
    m_map.reset();
    if (auto done = execute(handle, "CREATE TABLE IF NOT EXISTS maps (cluster INTEGER, second INTEGER, map BLOB NOT NULL,"
                                    " PRIMARY KEY (cluster, second)) WITHOUT ROWID;"
                                    "CREATE TABLE IF NOT EXISTS states (cluster INTEGER, second INTEGER, nodes BLOB NOT NULL,"
                                    " PRIMARY KEY (cluster, second)) WITHOUT ROWID;"
                                    "CREATE TABLE IF NOT EXISTS events (cluster INTEGER, ms INTEGER, kind BLOB, node INTEGER,"
                                    " text BLOB, PRIMARY KEY (cluster, ms, kind, node, text)) WITHOUT ROWID;"
                                    "CREATE TABLE IF NOT EXISTS spans (cluster INTEGER, first INTEGER, last INTEGER NOT NULL,"
                                    " PRIMARY KEY (cluster, first)) WITHOUT ROWID");
        !done || !isOlder)
        return done;
    SqlStatement known(handle, "SELECT cluster, second, step FROM samples"
                               " WHERE step = (SELECT max(step) FROM samples) ORDER BY cluster, second");
    qint64 cluster = 0;
    qint64 first = 0;
    qint64 last = 0;
    const auto keep = [&]() -> Result<void> {
        return first == 0 ? Result<void>()
                          : run(handle, "INSERT OR IGNORE INTO spans (cluster, first, last) VALUES (?, ?, ?)",
                                {cluster, first, last});
    };
    while (known.next()) {
        const qint64 second = known.integer(1);
        if (first == 0 || known.integer(0) != cluster || second > last + 1) {
            if (auto done = keep(); !done)
                return done;
            cluster = known.integer(0);
            first = second;
        }
        last = second + known.integer(2) - 1;
    }
    return known.hasFailed() ? Result<void>(sqlError(handle, m_fileName)) : keep();
}

Result<void> PastTables::write(sqlite3* handle, qint64 cluster, const std::vector<HistorySecond>& seconds)
{
    for (const HistorySecond& second : seconds) {
        Result<void> done = writeSpan(handle, cluster, second.second);
        if (done && second.map)
            done = writeMap(handle, cluster, second);
        if (done && !second.states.empty())
            done = writeStates(handle, cluster, second);
        if (done && !second.events.empty())
            done = writeEvents(handle, cluster, second);
        if (!done)
            return done;
    }
    return {};
}

Result<void> PastTables::writeMap(sqlite3* handle, qint64 cluster, const HistorySecond& second)
{
    const std::string plain = second.map->encode();
    const QByteArray bytes = qCompress(reinterpret_cast<const uchar*>(plain.data()), qsizetype(plain.size()));
    const auto last = lastBefore(handle, findMap, cluster, second.second);
    if (!last)
        return last.error();
    if (last.value() && unpacked(*last.value()).value_or(QByteArray()).toStdString() == plain)
        return {};
    SqlStatement put(handle, "INSERT OR REPLACE INTO maps (cluster, second, map) VALUES (?, ?, ?)");
    put.bind(1, cluster);
    put.bind(2, second.second);
    put.bind(3, bytes);
    put.next();
    if (put.hasFailed())
        return sqlError(handle, m_fileName);
    return run(handle, "DELETE FROM maps WHERE cluster = ? AND second <="
                       " (SELECT second FROM maps WHERE cluster = ? ORDER BY second DESC LIMIT 1 OFFSET ?)",
               {cluster, cluster, mapsMax});
}

Result<void> PastTables::writeStates(sqlite3* handle, qint64 cluster, const HistorySecond& second)
{
    const auto last = lastBefore(handle, findStates, cluster, second.second);
    if (!last)
        return last.error();
    if (last.value()) {
        const auto plain = unpacked(*last.value());
        const auto known = plain ? decoded(*plain) : std::nullopt;
        if (!known)
            return corrupt();
        if (areAlike(*known, second.states))
            return {};
    }
    SqlStatement put(handle, "INSERT OR REPLACE INTO states (cluster, second, nodes) VALUES (?, ?, ?)");
    put.bind(1, cluster);
    put.bind(2, second.second);
    put.bind(3, qCompress(encoded(second.states)));
    put.next();
    if (put.hasFailed())
        return sqlError(handle, m_fileName);
    return run(handle, "DELETE FROM states WHERE cluster = ? AND second <="
                       " (SELECT second FROM states WHERE cluster = ? ORDER BY second DESC LIMIT 1 OFFSET ?)",
               {cluster, cluster, statesMax});
}

Result<void> PastTables::writeEvents(sqlite3* handle, qint64 cluster, const HistorySecond& second)
{
    SqlStatement put(handle, "INSERT OR IGNORE INTO events (cluster, ms, kind, node, text) VALUES (?, ?, ?, ?, ?)");
    for (const ClusterEvent& event : second.events) {
        put.reset();
        put.bind(1, cluster);
        put.bind(2, qint64(event.timeMs));
        put.bind(3, QByteArray::fromStdString(event.kind));
        put.bind(4, qint64(event.node));
        put.bind(5, QByteArray::fromStdString(event.text));
        put.next();
    }
    if (put.hasFailed())
        return sqlError(handle, m_fileName);
    return run(handle, "DELETE FROM events WHERE cluster = ? AND ms <="
                       " (SELECT ms FROM events WHERE cluster = ? ORDER BY ms DESC LIMIT 1 OFFSET ?)",
               {cluster, cluster, eventsMax});
}

Result<void> PastTables::writeSpan(sqlite3* handle, qint64 cluster, qint64 second)
{
    SqlStatement find(handle, "SELECT first, last FROM spans WHERE cluster = ? AND first <= ? ORDER BY first DESC LIMIT 1");
    find.bind(1, cluster);
    find.bind(2, second);
    if (find.next() && second <= find.integer(1) + pauseSeconds)
        return second <= find.integer(1)
                   ? Result<void>()
                   : run(handle, "UPDATE spans SET last = ? WHERE cluster = ? AND first = ?", {second, cluster, find.integer(0)});
    if (find.hasFailed())
        return sqlError(handle, m_fileName);
    if (auto done = run(handle, "INSERT OR IGNORE INTO spans (cluster, first, last) VALUES (?, ?, ?)",
                        {cluster, second, second});
        !done)
        return done;
    return run(handle, "DELETE FROM spans WHERE cluster = ? AND first <="
                       " (SELECT first FROM spans WHERE cluster = ? ORDER BY first DESC LIMIT 1 OFFSET ?)",
               {cluster, cluster, spansMax});
}

Result<PastMoment> PastTables::read(sqlite3* handle, qint64 cluster, qint64 second)
{
    PastMoment moment;
    moment.second = second;
    SqlStatement span(handle, "SELECT last FROM spans WHERE cluster = ? AND first <= ? ORDER BY first DESC LIMIT 1");
    SqlStatement next(handle, "SELECT min(first) FROM spans WHERE cluster = ? AND first > ?");
    SqlStatement oldest(handle, "SELECT min(second) FROM maps WHERE cluster = ?");
    for (SqlStatement* each : {&span, &next}) {
        each->bind(1, cluster);
        each->bind(2, second);
    }
    oldest.bind(1, cluster);
    moment.gapFromSecond = span.next() ? span.integer(0) : 0;
    moment.gapToSecond = next.next() ? next.integer(0) : 0;
    moment.ringsFromSecond = oldest.next() ? oldest.integer(0) : 0;
    if (span.hasFailed() || next.hasFailed() || oldest.hasFailed())
        return sqlError(handle, m_fileName);
    // A pause that is no gap yet: reports come about once a second.
    const bool isWithin = moment.gapFromSecond > 0 && second <= moment.gapFromSecond + 2;
    const bool isPause = moment.gapToSecond > 0 && moment.gapToSecond - moment.gapFromSecond <= pauseSeconds;
    moment.isListened = isWithin || isPause;
    if (!moment.isListened)
        return moment;
    const auto map = lastBefore(handle, findMap, cluster, second);
    const auto states = lastBefore(handle, findStates, cluster, second);
    if (!map || !states)
        return (map ? states.error() : map.error());
    if (map.value() && *map.value() != m_mapBytes) {
        const auto plain = unpacked(*map.value());
        auto made = plain ? ClusterMap::decode(plain->toStdString()) : Result<ClusterMapPtr>(corrupt());
        if (!made)
            return corrupt();
        m_map = std::move(made).value();
        m_mapBytes = *map.value();
    }
    moment.map = map.value() ? m_map : nullptr;
    if (states.value()) {
        const auto plain = unpacked(*states.value());
        auto nodes = plain ? decoded(*plain) : std::nullopt;
        if (!nodes)
            return corrupt();
        moment.nodes = std::move(*nodes);
    }
    return moment;
}

Result<Timeline> PastTables::timeline(sqlite3* handle, qint64 cluster)
{
    Timeline timeline;
    SqlStatement spans(handle, "SELECT first, last FROM spans WHERE cluster = ? ORDER BY first");
    spans.bind(1, cluster);
    while (spans.next())
        timeline.addListened({spans.integer(0) * 1000, spans.integer(1) * 1000 + 999});
    SqlStatement events(handle, "SELECT ms, kind, node, text FROM events WHERE cluster = ? ORDER BY ms, kind, node, text");
    events.bind(1, cluster);
    std::vector<ClusterEvent> found;
    while (events.next())
        found.push_back({events.integer(0), events.bytes(1).toByteArray().toStdString(), NodeId(events.integer(2)),
                         events.bytes(3).toByteArray().toStdString()});
    if (spans.hasFailed() || events.hasFailed())
        return sqlError(handle, m_fileName);
    timeline.note(found);
    return timeline;
}

Result<void> PastTables::prune(sqlite3* handle, qint64 cluster, qint64 firstSecond)
{
    Result<void> done = run(handle, "DELETE FROM maps WHERE cluster = ? AND second <"
                                    " (SELECT max(second) FROM maps WHERE cluster = ? AND second <= ?)",
                            {cluster, cluster, firstSecond});
    if (done)
        done = run(handle, "DELETE FROM states WHERE cluster = ? AND second <"
                           " (SELECT max(second) FROM states WHERE cluster = ? AND second <= ?)",
                   {cluster, cluster, firstSecond});
    if (done)
        done = run(handle, "DELETE FROM events WHERE cluster = ? AND ms < ?", {cluster, firstSecond * 1000});
    if (done)
        done = run(handle, "DELETE FROM spans WHERE cluster = ? AND last < ?", {cluster, firstSecond});
    if (done)
        done = run(handle, "UPDATE OR REPLACE spans SET first = ?1 WHERE cluster = ?2 AND first < ?1",
                   {firstSecond, cluster});
    return done;
}

Result<void> PastTables::forgetOthers(sqlite3* handle)
{
    return execute(handle, "DELETE FROM maps WHERE cluster NOT IN (SELECT id FROM clusters);"
                           "DELETE FROM states WHERE cluster NOT IN (SELECT id FROM clusters);"
                           "DELETE FROM events WHERE cluster NOT IN (SELECT id FROM clusters);"
                           "DELETE FROM spans WHERE cluster NOT IN (SELECT id FROM clusters)");
}

Result<std::optional<QByteArray>> PastTables::lastBefore(sqlite3* handle, const char* sql, qint64 cluster, qint64 second)
{
    SqlStatement find(handle, sql);
    find.bind(1, cluster);
    find.bind(2, second);
    std::optional<QByteArray> found;
    if (find.next())
        found = find.bytes(0).toByteArray();
    if (find.hasFailed())
        return sqlError(handle, m_fileName);
    return found;
}

Result<void> PastTables::execute(sqlite3* handle, const char* sql)
{
    if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return sqlError(handle, m_fileName);
    return {};
}

Result<void> PastTables::run(sqlite3* handle, const char* sql, std::initializer_list<qint64> values)
{
    SqlStatement statement(handle, sql);
    int place = 0;
    for (const qint64 value : values)
        statement.bind(++place, value);
    statement.next();
    return statement.hasFailed() ? Result<void>(sqlError(handle, m_fileName)) : Result<void>();
}

Error PastTables::corrupt() const
{
    return {ErrorCode::Corrupt, (m_fileName + QStringLiteral(" is damaged")).toStdString()};
}

} // namespace quoit
