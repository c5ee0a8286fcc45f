// tests/bench/console/bench_console_past.cpp - a month of a cluster's past in a file, a window that looks at it, and a mouse
// that drags its slider from end to end on each page. Says the longest time that the event loop stood still for a step of
// the mouse, and for anything else that came between, and how many bytes the history takes.
#include "console/desktop/main_window.h"
#include "tests/console/fake_cluster.h"

#include <QApplication>
#include <QDateTime>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QMouseEvent>
#include <QRandomGenerator>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QThread>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

using namespace quoit;
using quoit::test::FakeCluster;

namespace {

constexpr qint64 day = 86'400;

/// One second of a busy cluster: no two figures alike, so that nothing packs better than it would in life.
HistorySecond secondOf(qint64 second, const ClusterMapPtr& map, QRandomGenerator& random, NodeId down)
{
    HistorySecond told;
    told.second = second;
    MetricValues values;
    const auto fill = [&] {
        for (float& value : values)
            value = float(random.bounded(1e6));
        for (const Metric quiet : {Metric::BusyPerSecond, Metric::ErrorsPerSecond, Metric::RefusedForRoom, Metric::EvictedPerSecond,
                                   Metric::LimitUsed, Metric::WaitingOperations, Metric::Hints, Metric::TombstonesWaiting})
            values[std::size_t(quiet)] = 0;
    };
    fill();
    told.nodes.emplace_back(noNode, values);
    for (const Member& member : map->members()) {
        fill();
        told.nodes.emplace_back(member.id, values);
        NodePast node;
        node.id = member.id;
        node.state = member.id == down ? NodeState::Down : NodeState::Up;
        node.beganMs = second / 3600 * 3'600'000;
        node.version = "0.1.0";
        node.incarnation = 1;
        told.states.push_back(node);
    }
    told.map = map;
    return told;
}

/// How long something took: by the clock, where others may have had the processor meanwhile, and in the processor.
struct Took
{
    double wallMs = 0;
    double cpuMs = 0;
};

class Watch
{
public:
    Watch() { m_wall.start(); }
    Took took() const { return {double(m_wall.nsecsElapsed()) / 1e6, cpuMs() - m_cpuMs}; }

private:
    static double cpuMs()
    {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
    }

    QElapsedTimer m_wall;
    const double m_cpuMs = cpuMs();
};

void fill(const QString& fileName, const ClusterMapPtr& last, qint64 now, int days)
{
    HistoryFile file(fileName);
    if (auto opened = file.open(); !opened) {
        std::printf("%s\n", opened.error().message.c_str());
        std::exit(1);
    }
    QRandomGenerator random(7);
    const QString cluster = QString::fromStdString(last->clusterId());
    const auto nodes = last->members().size();
    std::vector<HistorySecond> batch;
    NodeId down = noNode;
    ClusterMapPtr map = last;
    for (qint64 second = now - days * day; second < now - 60;) {
        const qint64 age = now - second;
        if (second % 7200 < 60) // a node goes or comes every other hour, and the ring changes twice a day
            down = down == noNode ? NodeId(1 + random.bounded(int(nodes))) : noNode;
        if (second % (day / 2) < 60) {
            ClusterMapParts parts = map->parts();
            parts.epoch = map->epoch() + 1;
            parts.members[std::size_t(random.bounded(int(nodes)))].weight = 1 + random.bounded(3);
            map = ClusterMap::make(parts).value();
        }
        batch.push_back(secondOf(second, map, random, down));
        if (second % 7200 < 60)
            batch.back().events = {{second * 1000, down == noNode ? "node-up" : "node-down", 1, "a node went or came"}};
        second += age > 3600 ? 5 : 1; // pauses of 5 s are none
        if (batch.size() >= 240) {
            if (auto written = file.write(cluster, batch); !written)
                std::printf("%s\n", written.error().message.c_str());
            batch.clear();
            if (auto pruned = file.prune(second); !pruned)
                std::printf("%s\n", pruned.error().message.c_str());
        }
    }
    if (auto written = file.write(cluster, batch); !written)
        std::printf("%s\n", written.error().message.c_str());
    if (auto pruned = file.prune(now); !pruned)
        std::printf("%s\n", pruned.error().message.c_str());
    const auto opens = [&](const char* what, qint64 seconds) {
        const Watch watch;
        const auto window = file.read(cluster, now - seconds, now, now, 1440);
        const Took took = watch.took();
        std::printf("  %-7s in %.0f ms (%.0f ms of processor time), by %d s\n", what, took.wallMs, took.cpuMs,
                    window ? window.value().stepSeconds : 0);
    };
    std::printf("%zu nodes, %d days: %.1f MB in use, a file of %.1f MB, back to %.2f days ago\n", nodes, days,
                double(file.bytesUsed().value()) / 1e6, double(QFileInfo(fileName).size()) / 1e6,
                double(now - file.firstSecond(cluster).value()) / day);
    opens("an hour", 3600);
    opens("a day", day);
    opens("a month", 30 * day);
}

/// Runs what is due and what it causes, and notes how long each turn of the loop took.
class Turns
{
public:
    void run(int ms)
    {
        QElapsedTimer all;
        all.start();
        while (all.elapsed() < ms) {
            const Watch turn;
            QCoreApplication::processEvents();
            m_turns.push_back(turn.took());
            QThread::usleep(500);
        }
    }
    void add(Took took) { m_turns.push_back(took); }
    void tell(const char* what)
    {
        const double wall = std::ranges::max(m_turns, {}, &Took::wallMs).wallMs;
        std::ranges::sort(m_turns, {}, &Took::cpuMs);
        std::printf("  %-9s longest %6.1f ms of processor time, %6.1f ms by the clock; p99 %5.1f ms of %zu turns\n", what,
                    m_turns.back().cpuMs, wall, m_turns[m_turns.size() * 99 / 100].cpuMs, m_turns.size());
        m_turns.clear();
    }

private:
    std::vector<Took> m_turns;
};

void drag(MainWindow& window, Turns& turns)
{
    TimeTrack& track = *window.timeBar()->track();
    const auto send = [&](QEvent::Type type, double x, Qt::MouseButtons buttons) {
        const Watch step;
        QMouseEvent event(type, QPointF(x, 17), track.mapToGlobal(QPointF(x, 17)), Qt::LeftButton, buttons, Qt::NoModifier);
        QCoreApplication::sendEvent(&track, &event);
        turns.add(step.took());
        turns.run(16); // a frame
    };
    send(QEvent::MouseButtonPress, track.width() - 13, Qt::LeftButton);
    for (double x = track.width() - 13; x > 14; x -= 6)
        send(QEvent::MouseMove, x, Qt::LeftButton);
    for (double x = 14; x < track.width() - 30; x += 9)
        send(QEvent::MouseMove, x, Qt::LeftButton);
    send(QEvent::MouseButtonRelease, track.width() - 40, Qt::NoButton);
    turns.run(200);
}

} // namespace

int main(int argc, char** argv)
{
    QApplication app(argc, argv);
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("quoit-test"));
    QCoreApplication::setApplicationName(QStringLiteral("bench_console_past"));
    const QStringList arguments = app.arguments();
    const int nodes = arguments.value(1, QStringLiteral("24")).toInt();
    const int days = arguments.value(2, QStringLiteral("30")).toInt();
    FakeCluster cluster(nodes);
    QTemporaryDir own;
    const QString folder = arguments.value(3, own.path());
    const QString fileName = folder + QStringLiteral("/history.db");
    if (!QFileInfo::exists(fileName))
        fill(fileName, cluster.map(), QDateTime::currentSecsSinceEpoch(), days);
    Workspace workspace({{}, folder, true, folder});
    MainWindow window(workspace);
    window.setQuiet(true);
    window.resize(1400, 900);
    window.show();
    if (!workspace.connectTo(cluster.addresses().join(QLatin1Char(','))))
        return 1;
    Turns turns;
    turns.run(4000);
    turns.tell("start");
    for (Page* page : {static_cast<Page*>(window.overviewPage()), static_cast<Page*>(window.ringPage()),
                       static_cast<Page*>(window.nodesPage()), static_cast<Page*>(window.chartsPage()),
                       static_cast<Page*>(window.alertsPage())}) {
        if (arguments.size() > 4 && arguments[4] != page->title())
            continue;
        workspace.past().goLive();
        window.showPage(window.indexOf(page));
        turns.run(500);
        turns.tell("live");
        drag(window, turns);
        turns.tell(qPrintable(page->title()));
    }
    return 0;
}
