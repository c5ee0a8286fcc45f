// tests/bench/failover/main.cpp - how long requests wait when a node dies or stops, by node.
//   bench_failover [--tries 10] [--stop] [--node 1 … 5]      prints one line a try; needs quoit-node beside it
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/cluster_load.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QTest>

#include <csignal>
#include <cstdio>

using namespace quoit;

int main(int argc, char** argv)
{
    QCoreApplication application(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({QStringLiteral("tries"), QStringLiteral("Tries per node."), QStringLiteral("n"), QStringLiteral("10")});
    parser.addOption({QStringLiteral("stop"), QStringLiteral("SIGSTOP for 3 s and SIGCONT instead of SIGKILL.")});
    parser.addOption({QStringLiteral("node"), QStringLiteral("This node only, 1 … 5."), QStringLiteral("i"), QStringLiteral("0")});
    parser.addOption({QStringLiteral("connections"), QStringLiteral("Clients."), QStringLiteral("n"), QStringLiteral("50")});
    parser.process(application);
    constexpr int nodeCount = 5;
    const bool stops = parser.isSet(QStringLiteral("stop"));
    const int only = parser.value(QStringLiteral("node")).toInt();
    ClusterFixture fixture(QCoreApplication::applicationDirPath() + QStringLiteral("/quoit-node"), nodeCount);
    const QString problem = fixture.start();
    if (!problem.isEmpty()) {
        std::fprintf(stderr, "%s\n", qPrintable(problem));
        return 1;
    }
    int failures = 0;
    for (int i = 0; i < parser.value(QStringLiteral("tries")).toInt(); ++i) {
        for (int node = 0; node < nodeCount; ++node) {
            if (only > 0 && node + 1 != only)
                continue;
            if (!fixture.waitUntilAllUp(15'000)) {
                std::fprintf(stderr, "the nodes don't find each other again\n%s\n", qPrintable(fixture.logs()));
                return 1;
            }
            ClusterLoad load(fixture.addressesWithout(node), parser.value(QStringLiteral("connections")).toInt());
            if (!load.start())
                return 1;
            QTest::qWait(500);
            const double quietMs = load.longestGapMs();
            load.resetGap();
            NodeProcess* const process = fixture.cluster().node(node);
            const auto pid = static_cast<pid_t>(process->processId());
            if (stops)
                ::kill(pid, SIGSTOP);
            else
                process->kill();
            QTest::qWait(stops ? 3000 : 1000);
            const double downMs = load.longestGapMs();
            load.resetGap();
            if (stops)
                ::kill(pid, SIGCONT);
            else
                process->start();
            QTest::qWait(2000);
            const double backMs = load.longestGapMs();
            load.stop();
            failures += int(load.failures().size());
            std::printf("try %2d node %d: longest gap before %6.1f ms, %s %6.1f ms, back %6.1f ms; %llu requests, %lld failed\n", i + 1, node + 1,
                        quietMs, stops ? "stopped" : "killed", downMs, backMs, static_cast<unsigned long long>(load.successes()),
                        static_cast<long long>(load.failures().size()));
            for (const QString& failure : load.failures().mid(0, 5))
                std::printf("    %s\n", qPrintable(failure));
            std::fflush(stdout);
        }
    }
    return failures == 0 ? 0 : 1;
}
