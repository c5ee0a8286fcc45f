// tests/cluster/torment_main.cpp - real clusters under faults, for as long as wanted. See tests/cluster/run.
//   quoit-torment [--minutes M] [--seed S] [--only NAME] [--fault-seconds N] [--keep FOLDER]
#include "tests/cluster/fault_scenario.h"
#include "tests/cluster/ring_torment.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QTemporaryDir>

#include <cstdio>
#include <cstdlib>

using namespace quoit::test;

namespace {

struct Wish
{
    double minutes = 1;
    std::uint64_t seed = 1;
    QString only;
    int faultMsMax = 4000;
    int roundMs = 20'000;
    QString keepFolder;
};

void print(const QString& line)
{
    std::fputs(qPrintable(line + QLatin1Char('\n')), stdout);
    std::fflush(stdout);
}

Wish readWish()
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral(
        "Runs five real nodes under faults, one scenario after the other, and judges what their clients were told."));
    const auto add = [&parser](const char* name, const char* text, const char* value, const char* preset) {
        parser.addOption(
            QCommandLineOption(QLatin1String(name), QLatin1String(text), QLatin1String(value), QLatin1String(preset)));
    };
    add("minutes", "how long; at least every scenario once", "M", "5");
    add("seed", "of the first round; each one takes the next", "S", "1");
    add("only", "only scenarios whose name begins so", "NAME", "");
    add("fault-seconds", "how long one fault lasts at most", "N", "4");
    add("round-seconds", "how long a scenario torments a cluster", "N", "20");
    add("keep", "gets logs and histories of what went wrong", "FOLDER", "torment");
    parser.addHelpOption();
    parser.process(*QCoreApplication::instance());
    const auto value = [&parser](const char* name) { return parser.value(QLatin1String(name)); };
    return {value("minutes").toDouble(),
            value("seed").toULongLong(),
            value("only"),
            static_cast<int>(value("fault-seconds").toDouble() * 1000),
            static_cast<int>(value("round-seconds").toDouble() * 1000),
            value("keep")};
}

/// A fresh cluster for each round: its shape is drawn as well. @return true if nothing went wrong
bool runRound(const Scenario& scenario, std::uint64_t seed, const Wish& wish)
{
    const QTemporaryDir folder;
    ClusterSetup setup;
    setup.program = QLatin1String(scenario.needsFaultyDisks ? QUOIT_NODE_FAULTY : QUOIT_NODE);
    setup.folder = folder.path();
    quoit::Random random(seed);
    setup.partitionCount = std::uint32_t(16) << random.below(7);
    setup.replicaCount = random.chance(0.25) ? 5 : 3;
    ProxiedCluster cluster(setup);
    ScenarioReport report;
    report.problem = cluster.start();
    if (report.problem.isEmpty()) {
        ScenarioOptions options;
        options.seed = seed;
        options.milliseconds = wish.roundMs;
        options.faultMsMax = wish.faultMsMax;
        options.traceFolder = QStringLiteral("%1/%2-%3").arg(wish.keepFolder, QLatin1String(scenario.name)).arg(seed);
        report = runScenario(scenario, options, cluster);
    }
    print(QStringLiteral("%1 seed %2: %3").arg(QLatin1String(scenario.name)).arg(seed).arg(report.toText()));
    return report.problem.isEmpty();
}

/// What the nodes of a ring said.
void keepLogs(const QString& folder, const QString& kept)
{
    QDir().mkpath(kept);
    for (const QString& node : QDir(folder).entryList(QDir::Dirs | QDir::NoDotAndDotDot))
        QFile::copy(QStringLiteral("%1/%2/log").arg(folder, node), QStringLiteral("%1/%2.log").arg(kept, node));
}

/// A ring that grows and shrinks. @return true if nothing went wrong
bool runRing(const QString& name, bool kills, std::uint64_t seed, const Wish& wish)
{
    const QTemporaryDir folder;
    RingTormentOptions options;
    options.program = QStringLiteral(QUOIT_NODE);
    options.folder = folder.path();
    options.seed = seed;
    options.replicaCount = seed % 2 == 0 ? 3 : 5;
    options.kills = kills;
    RingTorment torment(options);
    const QString line = torment.run();
    print(QStringLiteral("%1 seed %2: N %3, %4").arg(name).arg(seed).arg(options.replicaCount).arg(line));
    if (!torment.isGood())
        keepLogs(options.folder, QStringLiteral("%1/%2-%3").arg(wish.keepFolder, name).arg(seed));
    return torment.isGood();
}

} // namespace

int main(int argc, char** argv)
{
    QCoreApplication application(argc, argv);
    const Wish wish = readWish();
    QElapsedTimer clock;
    clock.start();
    int rounds = 0, wrong = 0;
    std::uint64_t seed = wish.seed;
    do {
        const int before = rounds;
        for (const Scenario& scenario : allScenarios()) {
            if (!QLatin1String(scenario.name).startsWith(wish.only))
                continue;
            wrong += !runRound(scenario, seed++, wish);
            ++rounds;
        }
        for (const bool kills : {false, true}) {
            const QString name = kills ? QStringLiteral("ring-and-kills") : QStringLiteral("ring");
            if (!name.startsWith(wish.only))
                continue;
            wrong += !runRing(name, kills, seed++, wish);
            ++rounds;
        }
        if (rounds == before) {
            print(QStringLiteral("there is no scenario ") + wish.only);
            return 2;
        }
    } while (static_cast<double>(clock.elapsed()) < wish.minutes * 60'000);
    print(QStringLiteral("%1 rounds in %2 min, %3 wrong")
              .arg(rounds)
              .arg(static_cast<double>(clock.elapsed()) / 60'000, 0, 'f', 1)
              .arg(wrong));
    return wrong == 0 ? 0 : 1;
}
