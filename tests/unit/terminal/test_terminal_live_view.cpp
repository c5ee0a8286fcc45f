#include "console/terminal/live_view.h"
#include "console/terminal/node_table.h"

#include <QTest>

using namespace quoit;
using namespace quoit::terminal;

namespace {

constexpr Style plain{.isColoured = false};
constexpr Style coloured{.isColoured = true};

WatchReport report()
{
    WatchReport watch{.timeMs = 1'700'000'000'000, .reporter = 1, .epoch = 4};
    for (NodeId id = 1; id <= 3; ++id) {
        NodeReport node{.id = id, .name = "n" + std::to_string(id), .clientAddress = "127.0.0.1:7400"};
        node.state = id == 2 ? NodeState::Suspect : id == 3 ? NodeState::Down : NodeState::Up;
        node.sinceMs = 65'000;
        node.figures = {.readsPerSecond = 1000, .writesPerSecond = 500, .p99Us = 1000u * id, .keys = 300};
        watch.nodes.push_back(node);
    }
    watch.events.push_back({.timeMs = 1'700'000'000'000, .kind = "node-down", .node = 3, .text = "n3 is down\033[2J"});
    return watch;
}

ClusterMapPtr mapOfThree()
{
    ClusterMapParts parts{.clusterId = "c", .partitionCount = 16};
    for (NodeId id = 1; id <= 3; ++id)
        parts.members.push_back({.id = id, .diskId = "d" + std::to_string(id), .name = "n", .tokens = {id}});
    return ClusterMap::make(parts).value();
}

std::string joined(const std::vector<std::string>& lines)
{
    std::string all;
    for (const std::string& line : lines)
        all += line + "\n";
    return all;
}

} // namespace

class TestTerminalLiveView : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nodesStatesAndEventsAreShown()
    {
        LiveView view("quoit watch");
        view.setMap(mapOfThree());
        view.take(report());
        const std::string text = joined(view.lines(200, 50, plain));
        for (const char* expected : {"● up", "▲ suspect", "✕ down", "▲ n3 is down, nothing is lost", "3 k ops/s",
                                     "p99 2 ms", "300 keys", "epoch 4", "1 min 5 s", "n3 is down\\x1b[2J"})
            QVERIFY2(text.find(expected) != std::string::npos, (expected + (" in\n" + text)).c_str());
        QVERIFY2(text.find('\033') == std::string::npos, "escape sequences without colour");
    }

    void figuresOfANodeThatIsDownAreUnknownAndNotZero()
    {
        const auto lines = nodeLines(report().nodes, plain);
        QVERIFY2(lines[3].find("—") != std::string::npos && lines[3].find(" 1.5 k ") == std::string::npos,
                 lines[3].c_str());
    }

    void everythingFitsTheScreen()
    {
        LiveView view("quoit watch 127.0.0.1:7400");
        for (int i = 0; i < 100; ++i)
            view.take(report());
        view.setFooter({"footer one", "footer two"});
        for (const bool isTroubled : {false, true}) {
            if (isTroubled)
                view.setTrouble("No connection");
            for (const std::size_t columns : {10u, 40u, 80u, 300u})
                for (const std::size_t rows : {3u, 10u, 24u, 100u}) {
                    const auto lines = view.lines(columns, rows, coloured);
                    QVERIFY(lines.size() <= rows);
                    for (const std::string& line : lines)
                        QVERIFY2(columnsOf(line) <= columns, line.c_str());
                }
        }
        QCOMPARE(view.lines(80, 24, plain).back(), std::string("footer two"));
    }

    void troubleStandsUntilTheNextReport()
    {
        LiveView view("quoit watch");
        view.setTrouble("No connection, the last figures are 5 s old");
        QVERIFY(joined(view.lines(80, 24, plain)).find("5 s old") != std::string::npos);
        view.take(report());
        QVERIFY(joined(view.lines(80, 24, plain)).find("5 s old") == std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestTerminalLiveView)
#include "test_terminal_live_view.moc"
