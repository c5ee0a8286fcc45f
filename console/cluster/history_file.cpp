#include "console/cluster/history_file.h"

#include "console/cluster/sql_statement.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

#include <algorithm>
#include <cmath>
#include <limits>

namespace quoit {

namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
constexpr qint64 formatVersion = 4; // 4: there is a tier of 10 min
constexpr int busyPatienceMs = 5000; // another console may write to the same file

/// The coarsest that is fine enough, of those that reach back so far.
std::size_t tierFor(qint64 ageSeconds, qint64 stepSeconds)
{
    std::size_t tier = historyTiers.size() - 1;
    while (tier > 0 && historyTiers[tier].stepSeconds > stepSeconds && ageSeconds <= historyTiers[tier - 1].keptSeconds)
        --tier;
    return tier;
}

} // namespace

const HistoryWindow::Band* HistoryWindow::band(NodeId node, Metric metric) const
{
    const auto found = nodes.find(node);
    return found == nodes.end() ? nullptr : &found->second[std::size_t(metric)];
}

void HistoryFile::Closer::operator()(sqlite3* handle) const
{
    sqlite3_close_v2(handle);
}

HistoryFile::HistoryFile(QString fileName, qint64 bytesMax)
    : m_fileName(std::move(fileName))
    , m_bytesMax(bytesMax)
    , m_past(m_fileName)
{}

HistoryFile::~HistoryFile() = default;

Result<void> HistoryFile::open()
{
    QDir().mkpath(QFileInfo(m_fileName).path());
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(m_fileName.toUtf8().constData(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    m_handle.reset(handle);
    Result<void> made = code == SQLITE_OK ? make() : Result<void>(error());
    if (!made)
        m_handle.reset();
    return made;
}

Result<void> HistoryFile::make()
{
    sqlite3_busy_timeout(m_handle.get(), busyPatienceMs);
    auto version = number("PRAGMA user_version");
    if (!version)
        return version.error();
    if (version.value() > formatVersion)
        return Error{ErrorCode::Unsupported,
                     (m_fileName + QStringLiteral(" was written by a newer console")).toStdString()};
    // NORMAL: a loss of power may cost the last seconds, never the file.
    if (auto done = execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304;"
                            "BEGIN IMMEDIATE;"
                            "CREATE TABLE IF NOT EXISTS clusters (id INTEGER PRIMARY KEY, name BLOB UNIQUE NOT NULL);"
                            "CREATE TABLE IF NOT EXISTS metrics (place INTEGER PRIMARY KEY, name BLOB UNIQUE NOT NULL);"
                            "CREATE TABLE IF NOT EXISTS samples (cluster INTEGER, step INTEGER, second INTEGER,"
                            " figures BLOB NOT NULL, PRIMARY KEY (cluster, step, second)) WITHOUT ROWID");
        !done)
        return done;
    if (auto done = m_past.make(m_handle.get(), version.value() == 1); !done)
        return done; // closing rolls back
    if (version.value() < formatVersion)
        if (auto done = fillCoarsest(); !done)
            return done;
    if (auto done = execute("PRAGMA user_version = 4; COMMIT"); !done)
        return done;
    return readPlaces();
}

/// From the minutes: a file of the formats before has nothing coarser.
Result<void> HistoryFile::fillCoarsest()
{
    const int step = historyTiers.back().stepSeconds;
    SqlStatement minutes(m_handle.get(), "SELECT cluster, second, figures FROM samples"
                                         " WHERE cluster IN (SELECT id FROM clusters) AND step = 60");
    std::map<NodeId, StepFigures> nodes; // of one step: minutes come in order, mostly
    qint64 cluster = 0;
    qint64 second = 0;
    while (minutes.next()) {
        const qint64 begin = minutes.integer(1) / step * step;
        if (minutes.integer(0) != cluster || begin != second) {
            if (auto done = put(cluster, step, second, nodes); !done)
                return done;
            nodes.clear();
            cluster = minutes.integer(0);
            second = begin;
        }
        const auto all = decodedFigures(minutes.bytes(2));
        if (!all)
            return damage();
        for (const StepFigures& figures : *all)
            widen(nodes.try_emplace(figures.node, figures).first->second, figures);
    }
    return minutes.hasFailed() ? Result<void>(error()) : put(cluster, step, second, nodes);
}

/// Names of the file, and new ones after them.
Result<void> HistoryFile::readPlaces()
{
    SqlStatement known(m_handle.get(), "SELECT name FROM metrics ORDER BY place");
    m_metricAt.clear();
    m_placeOf.fill(-1);
    while (known.next()) {
        const QByteArrayView name = known.bytes(0);
        int metric = metricCount - 1;
        while (metric >= 0 && name != QByteArrayView(metricId(Metric(metric))))
            --metric;
        if (metric >= 0)
            m_placeOf[std::size_t(metric)] = int(m_metricAt.size());
        m_metricAt.push_back(metric);
    }
    if (known.hasFailed())
        return error();
    for (int metric = 0; metric < metricCount; ++metric) {
        if (m_placeOf[std::size_t(metric)] >= 0 || m_metricAt.size() >= figurePlacesMax)
            continue;
        SqlStatement add(m_handle.get(), "INSERT INTO metrics (place, name) VALUES (?, ?)");
        add.bind(1, qint64(m_metricAt.size()));
        add.bind(2, QByteArray(metricId(Metric(metric))));
        add.next();
        if (add.hasFailed())
            return error();
        m_placeOf[std::size_t(metric)] = int(m_metricAt.size());
        m_metricAt.push_back(metric);
    }
    return {};
}

Result<QString> HistoryFile::setAside()
{
    m_handle.reset();
    const QString aside = m_fileName + QStringLiteral(".damaged");
    QFile::remove(aside);
    QFile::remove(m_fileName + QStringLiteral("-wal"));
    QFile::remove(m_fileName + QStringLiteral("-shm"));
    if (!QFile::rename(m_fileName, aside))
        return Error{ErrorCode::Io, (m_fileName + QStringLiteral(" is damaged and can't be renamed")).toStdString()};
    return aside;
}

Result<void> HistoryFile::write(const QString& clusterId, const std::vector<HistorySecond>& seconds)
{
    if (auto done = execute("BEGIN IMMEDIATE"); !done)
        return done;
    const auto cluster = idOf(clusterId, true);
    Result<void> done = cluster ? Result<void>() : Result<void>(cluster.error());
    for (const HistoryTier& tier : historyTiers)
        if (done)
            done = merge(cluster.value(), tier.stepSeconds, seconds);
    if (done)
        done = m_past.write(m_handle.get(), cluster.value(), seconds);
    if (done)
        done = execute("COMMIT");
    if (!done)
        static_cast<void>(execute("ROLLBACK")); // its own failure says nothing new
    return done;
}

Result<void> HistoryFile::merge(qint64 cluster, int stepSeconds, const std::vector<HistorySecond>& seconds)
{
    std::map<qint64, std::map<NodeId, StepFigures>> moments; // of this batch
    for (const HistorySecond& each : seconds)
        for (const auto& [node, values] : each.nodes) {
            StepFigures& figures = moments[each.second / stepSeconds * stepSeconds][node];
            figures.node = node;
            figures.low.resize(m_metricAt.size(), nothing);
            figures.high.resize(m_metricAt.size(), nothing);
            for (std::size_t metric = 0; metric < values.size(); ++metric)
                if (const int place = m_placeOf[metric]; place >= 0)
                    widen(figures.low[std::size_t(place)], figures.high[std::size_t(place)], values[metric],
                          values[metric]);
        }
    for (auto& [second, nodes] : moments)
        if (auto done = put(cluster, stepSeconds, second, nodes); !done)
            return done;
    return {};
}

Result<void> HistoryFile::put(qint64 cluster, int stepSeconds, qint64 second, std::map<NodeId, StepFigures>& nodes)
{
    if (nodes.empty())
        return {};
    SqlStatement find(m_handle.get(), "SELECT figures FROM samples WHERE cluster = ? AND step = ? AND second = ?");
    SqlStatement replace(m_handle.get(), "INSERT OR REPLACE INTO samples (cluster, step, second, figures) VALUES (?, ?, ?, ?)");
    for (SqlStatement* each : {&find, &replace}) {
        each->bind(1, cluster);
        each->bind(2, qint64(stepSeconds));
        each->bind(3, second);
    }
    if (find.next()) {
        const auto known = decodedFigures(find.bytes(0));
        if (!known)
            return damage();
        for (const StepFigures& figures : *known)
            widen(nodes.try_emplace(figures.node, figures).first->second, figures);
    }
    std::vector<StepFigures> all;
    for (const auto& [node, figures] : nodes)
        all.push_back(figures);
    replace.bind(4, encodedFigures(all, stepSeconds > 1));
    replace.next();
    return find.hasFailed() || replace.hasFailed() ? Result<void>(error()) : Result<void>();
}

/// A tier may have been thinned before its time.
Result<bool> HistoryFile::reachesFartherBack(qint64 cluster, std::size_t tier, qint64 fromSecond, qint64 toSecond)
{
    SqlStatement first(m_handle.get(), "SELECT min(second) FROM samples WHERE cluster = ? AND step = ?");
    first.bind(1, cluster);
    first.bind(2, qint64(historyTiers[tier].stepSeconds));
    const qint64 second = first.next() ? first.integer(0) : 0; // 0 also for no rows
    if (first.hasFailed())
        return error();
    if (second > 0 && second <= fromSecond)
        return false;
    const qint64 step = historyTiers[tier + 1].stepSeconds;
    SqlStatement before(m_handle.get(), "SELECT 1 FROM samples WHERE cluster = ? AND step = ?"
                                        " AND second >= ? AND second <= ? LIMIT 1");
    before.bind(1, cluster);
    before.bind(2, step);
    before.bind(3, fromSecond);
    before.bind(4, (second > 0 ? std::min(second, toSecond) : toSecond) - step);
    const bool isThere = before.next();
    return before.hasFailed() ? Result<bool>(error()) : Result<bool>(isThere);
}

Result<HistoryWindow> HistoryFile::read(const QString& clusterId, qint64 fromSecond, qint64 toSecond, qint64 nowSecond,
                                        int steps)
{
    const qint64 wanted = std::max<qint64>(1, (toSecond - fromSecond + steps - 1) / steps);
    const auto cluster = idOf(clusterId, false);
    if (!cluster)
        return cluster.error();
    std::size_t tier = tierFor(nowSecond - fromSecond, wanted);
    for (bool isShort = true; isShort && tier + 1 < historyTiers.size();) {
        const auto doesCoarser = reachesFartherBack(cluster.value(), tier, fromSecond, toSecond);
        if (!doesCoarser)
            return doesCoarser.error();
        isShort = doesCoarser.value();
        tier += isShort ? 1 : 0;
    }
    const qint64 tierStep = historyTiers[tier].stepSeconds;
    HistoryWindow window;
    window.stepSeconds = int((wanted + tierStep - 1) / tierStep * tierStep);
    window.fromSecond = fromSecond / window.stepSeconds * window.stepSeconds;
    window.toSecond = (toSecond + window.stepSeconds - 1) / window.stepSeconds * window.stepSeconds;
    SqlStatement find(m_handle.get(), "SELECT second, figures FROM samples"
                                   " WHERE cluster = ? AND step = ? AND second >= ? AND second < ? ORDER BY second");
    find.bind(1, cluster.value());
    find.bind(2, tierStep);
    find.bind(3, window.fromSecond);
    find.bind(4, window.toSecond);
    const HistoryWindow::Band empty{std::vector<float>(window.steps(), nothing),
                                    std::vector<float>(window.steps(), nothing)};
    while (find.next()) {
        const auto step = std::size_t((find.integer(0) - window.fromSecond) / window.stepSeconds);
        const auto all = decodedFigures(find.bytes(1));
        if (!all)
            return damage();
        for (const StepFigures& figures : *all) {
            HistoryWindow::Bands& bands = window.nodes[figures.node];
            if (bands.empty())
                bands.assign(metricCount, empty);
            for (std::size_t place = 0; place < std::min(figures.low.size(), m_metricAt.size()); ++place)
                if (const int metric = m_metricAt[place]; metric >= 0)
                    widen(bands[std::size_t(metric)].low[step], bands[std::size_t(metric)].high[step],
                          figures.low[place], figures.high[place]);
        }
    }
    if (find.hasFailed())
        return error();
    return window;
}

Result<PastMoment> HistoryFile::moment(const QString& clusterId, qint64 second)
{
    const auto cluster = idOf(clusterId, false);
    if (!cluster)
        return cluster.error();
    auto moment = m_past.read(m_handle.get(), cluster.value(), second);
    if (moment && moment.value().isListened)
        if (auto done = readFigures(cluster.value(), moment.value()); !done)
            return done.error();
    return moment;
}

/// From the finest tier that has the moment.
Result<void> HistoryFile::readFigures(qint64 cluster, PastMoment& moment)
{
    constexpr qint64 missedSeconds = 2; // reports come about once a second: one may miss its second
    for (const HistoryTier& tier : historyTiers) {
        SqlStatement find(m_handle.get(), "SELECT figures FROM samples WHERE cluster = ? AND step = ?"
                                          " AND second >= ? AND second <= ? ORDER BY second DESC LIMIT 1");
        find.bind(1, cluster);
        find.bind(2, qint64(tier.stepSeconds));
        find.bind(3, tier.stepSeconds == 1 ? moment.second - missedSeconds : moment.second / tier.stepSeconds * tier.stepSeconds);
        find.bind(4, moment.second);
        if (!find.next()) {
            if (find.hasFailed())
                return error();
            continue;
        }
        const auto all = decodedFigures(find.bytes(0));
        if (!all)
            return damage();
        moment.stepSeconds = tier.stepSeconds;
        for (const StepFigures& figures : *all) {
            MetricValues& values = moment.figures[figures.node];
            values.fill(nothing);
            for (std::size_t place = 0; place < std::min(figures.high.size(), m_metricAt.size()); ++place)
                if (const int metric = m_metricAt[place]; metric >= 0)
                    values[std::size_t(metric)] = figures.high[place];
        }
        break;
    }
    return {};
}

Result<Timeline> HistoryFile::timeline(const QString& clusterId)
{
    const auto cluster = idOf(clusterId, false);
    return cluster ? m_past.timeline(m_handle.get(), cluster.value()) : Result<Timeline>(cluster.error());
}

Result<qint64> HistoryFile::firstSecond(const QString& clusterId)
{
    const auto cluster = idOf(clusterId, false);
    return cluster ? firstSecond(cluster.value()) : cluster;
}

/// Where two tiers reach back to the same step, the finer one knows the moment better.
Result<qint64> HistoryFile::firstSecond(qint64 cluster)
{
    qint64 first = 0;
    qint64 step = 0;
    for (auto tier = historyTiers.rbegin(); tier != historyTiers.rend(); ++tier) {
        SqlStatement find(m_handle.get(), "SELECT min(second) FROM samples WHERE cluster = ? AND step = ?");
        find.bind(1, cluster);
        find.bind(2, qint64(tier->stepSeconds));
        const qint64 second = find.next() ? find.integer(0) : 0; // 0 also for no rows
        if (find.hasFailed())
            return error();
        if (second > 0 && (first == 0 || second < first + step)) {
            first = second;
            step = tier->stepSeconds;
        }
    }
    return first;
}

Result<void> HistoryFile::prune(qint64 nowSecond)
{
    for (const HistoryTier& tier : historyTiers)
        if (auto done = dropBefore(tier.stepSeconds, nowSecond - tier.keptSeconds); !done)
            return done;
    if (auto done = keepBound(nowSecond); !done)
        return done;
    if (auto done = execute("DELETE FROM clusters WHERE NOT EXISTS (SELECT 1 FROM samples WHERE cluster = clusters.id)");
        !done)
        return done;
    const bool isAnyGone = sqlite3_changes(m_handle.get()) > 0;
    auto done = prunePast();
    return done && isAnyGone ? m_past.forgetOthers(m_handle.get()) : done;
}

Result<void> HistoryFile::dropBefore(int stepSeconds, qint64 second)
{
    SqlStatement drop(m_handle.get(), "DELETE FROM samples WHERE step = ? AND second < ?"
                                      " AND cluster IN (SELECT id FROM clusters)"); // by the key's first column
    drop.bind(1, qint64(stepSeconds));
    drop.bind(2, second);
    drop.next();
    return drop.hasFailed() ? Result<void>(error()) : Result<void>();
}

/// Of many nodes a day by 10 s takes as much as a week by the minute: detail goes before age does.
Result<void> HistoryFile::keepBound(qint64 nowSecond)
{
    for (const HistoryTier& tier : historyTiers)
        for (qint64 kept = tier.keptSeconds; kept > tier.keptSecondsMin;) {
            const auto used = bytesUsed();
            if (!used)
                return used.error();
            if (used.value() <= m_bytesMax)
                return {};
            kept = std::max(tier.keptSecondsMin, kept * 7 / 8);
            if (auto done = dropBefore(tier.stepSeconds, nowSecond - kept); !done)
                return done;
        }
    return forgetOldest(nowSecond);
}

/// What is still too much then goes from the begin, in all tiers.
Result<void> HistoryFile::forgetOldest(qint64 nowSecond)
{
    constexpr int triesMax = 100;
    for (int i = 0; i < triesMax; ++i) {
        const auto used = bytesUsed();
        if (!used)
            return used.error();
        if (used.value() <= m_bytesMax)
            return {};
        const auto oldest = oldestSecond();
        if (!oldest)
            return oldest.error();
        const qint64 end = oldest.value() + std::max<qint64>(60, (nowSecond - oldest.value()) / 32);
        for (const HistoryTier& tier : historyTiers)
            if (auto done = dropBefore(tier.stepSeconds, end); !done)
                return done;
    }
    return {};
}

/// Of all clusters; 0: nothing is kept.
Result<qint64> HistoryFile::oldestSecond()
{
    qint64 oldest = 0;
    SqlStatement clusters(m_handle.get(), "SELECT id FROM clusters");
    while (clusters.next()) {
        const auto first = firstSecond(clusters.integer(0));
        if (!first)
            return first;
        if (first.value() > 0)
            oldest = oldest == 0 ? first.value() : std::min(oldest, first.value());
    }
    return clusters.hasFailed() ? Result<qint64>(error()) : Result<qint64>(oldest);
}

Result<void> HistoryFile::prunePast()
{
    SqlStatement clusters(m_handle.get(), "SELECT id FROM clusters");
    while (clusters.next()) {
        const auto first = firstSecond(clusters.integer(0));
        if (!first)
            return first.error();
        if (auto done = m_past.prune(m_handle.get(), clusters.integer(0), first.value()); !done)
            return done;
    }
    return clusters.hasFailed() ? Result<void>(error()) : Result<void>();
}

Result<qint64> HistoryFile::bytesUsed()
{
    const auto pages = number("SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count");
    const auto pageBytes = number("PRAGMA page_size");
    if (!pages || !pageBytes)
        return (pages ? pageBytes : pages).error();
    return pages.value() * pageBytes.value();
}

Result<qint64> HistoryFile::idOf(const QString& clusterId, bool isMade)
{
    SqlStatement find(m_handle.get(), "SELECT id FROM clusters WHERE name = ?");
    find.bind(1, clusterId.toUtf8());
    if (find.next())
        return find.integer(0);
    if (find.hasFailed())
        return error();
    if (!isMade)
        return qint64(0);
    SqlStatement add(m_handle.get(), "INSERT INTO clusters (name) VALUES (?)");
    add.bind(1, clusterId.toUtf8());
    add.next();
    if (add.hasFailed())
        return error();
    return qint64(sqlite3_last_insert_rowid(m_handle.get()));
}

Result<void> HistoryFile::execute(const char* sql)
{
    if (sqlite3_exec(m_handle.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return error();
    return {};
}

Result<qint64> HistoryFile::number(const char* sql)
{
    SqlStatement statement(m_handle.get(), sql);
    if (!statement.next())
        return error();
    return statement.integer(0);
}

Error HistoryFile::damage() const
{
    return {ErrorCode::Corrupt, (m_fileName + QStringLiteral(" is damaged")).toStdString()};
}

Error HistoryFile::error() const
{
    return sqlError(m_handle.get(), m_fileName);
}

} // namespace quoit
