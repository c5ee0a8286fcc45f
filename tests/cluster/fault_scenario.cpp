#include "tests/cluster/fault_scenario.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>

#include <algorithm>

namespace quoit::test {

namespace {

constexpr int healMs = 30'000;
constexpr int lastRequestsMs = 20'000;
constexpr int wellMs = 300; ///< of load after everything was mended

void writeFile(const QString& name, const QString& text)
{
    QFile file(name);
    if (file.open(QIODevice::WriteOnly))
        file.write(text.toUtf8());
}

/// A crash is never right; an end only if the disk failed.
QString wrongEnds(ProxiedCluster& cluster, const std::vector<qsizetype>& endsBefore, bool mayFail)
{
    QStringList wrong;
    for (int id = 1; id <= cluster.nodeCount(); ++id)
        for (const QString& end : cluster.node(id).ownEnds().mid(endsBefore[static_cast<std::size_t>(id - 1)]))
            if (!mayFail || !end.contains(QLatin1String("status 1")))
                wrong << end;
    return wrong.join(QStringLiteral("; "));
}

void keepTraces(const QString& folder, const RegisterLoad& registers, const Nemesis& nemesis, ProxiedCluster& cluster)
{
    QDir().mkpath(folder);
    for (const std::string& key : registers.wrongKeys())
        writeFile(folder + QLatin1Char('/') + QString::fromStdString(key).replace(QLatin1Char(':'), QLatin1Char('_')),
                  registers.trace(key));
    writeFile(folder + QStringLiteral("/diary"), nemesis.diary());
    for (int id = 1; id <= cluster.nodeCount(); ++id)
        writeFile(folder + QStringLiteral("/n%1.log").arg(id), cluster.node(id).log());
}

} // namespace

const std::vector<Scenario>& allScenarios()
{
    using enum Fault;
    static const std::vector<Scenario> scenarios = {
        {"kill-one", false, {KillOne}},
        {"kill-majority", false, {KillMajority}},
        {"kill-all", false, {KillAll}},
        {"pause", false, {Pause}},
        {"cut", false, {Cut}},
        {"hold", false, {Hold, HoldOneWay}},
        {"delay", false, {DelayOneWay}},
        {"network", false, {Cut, Hold, HoldOneWay, DelayOneWay}, 2},
        {"power-loss", true, {KillOne, KillMajority, KillAll}, 1, 50},
        {"disk-full", true, {DiskFull}},
        {"slow-fsync", true, {SlowSync}, 2},
        {"failing-fsync", true, {FailingSync}},
        {"mixture", false, {KillOne, KillOne, KillMajority, KillAll, Pause, Cut, Hold, HoldOneWay, DelayOneWay}, 2},
        {"mixture-with-disks",
         true,
         {KillOne, KillOne, KillMajority, KillAll, Pause, Cut, Hold, HoldOneWay, DelayOneWay, DiskFull, SlowSync,
          FailingSync},
         2,
         50},
    };
    return scenarios;
}

QString ScenarioReport::toText() const
{
    QStringList list;
    for (const auto& [fault, count] : faults)
        list << QStringLiteral("%1 %2").arg(count).arg(QLatin1String(quoit::test::toText(fault)));
    QStringList answers;
    for (const auto& [code, count] : registers.errors)
        answers << QStringLiteral("%1 %2").arg(count).arg(QString::fromStdString(code));
    return QStringLiteral("%1 requests, %2 unknown, %3 failed (answers: %4), %5 keys judged; %6 of %7 promises "
                          "acknowledged; faults: %8; %9 s; ")
               .arg(registers.requests)
               .arg(registers.unknown)
               .arg(registers.refused)
               .arg(answers.isEmpty() ? QStringLiteral("none") : answers.join(QStringLiteral(", ")))
               .arg(keys)
               .arg(acknowledged)
               .arg(promises)
               .arg(list.join(QStringLiteral(", ")))
               .arg(seconds, 0, 'f', 1) +
           (problem.isEmpty() ? QStringLiteral("good") : QStringLiteral("WRONG: ") + problem);
}

ScenarioReport runScenario(const Scenario& scenario, const ScenarioOptions& options, ProxiedCluster& cluster)
{
    QElapsedTimer clock;
    clock.start();
    Random random(options.seed);
    std::vector<qsizetype> endsBefore;
    for (int id = 1; id <= cluster.nodeCount(); ++id)
        endsBefore.push_back(cluster.node(id).ownEnds().size());

    RegisterLoadOptions load;
    load.prefix = options.keyPrefix + "r";
    load.seed = random.next();
    load.clients = 6 + static_cast<int>(random.below(14));
    load.busyKeys = 1 + static_cast<int>(random.below(4));
    load.requestsPerKeyMax = 100 + static_cast<int>(random.below(250));
    load.pauseMaxMs = 1 + static_cast<int>(random.below(15));
    const auto addressOf = [&cluster](int node) { return cluster.node(node).clientAddress(); };
    RegisterLoad registers(load, cluster.nodeCount(), addressOf);
    PromiseLoad promises({options.keyPrefix, random.next()}, cluster.nodeCount(), addressOf);
    NemesisOptions torment;
    torment.seed = random.next();
    torment.faults = scenario.faults;
    torment.atOnceMax = scenario.atOnceMax;
    torment.faultMsMax = options.faultMsMax;
    torment.leakPermille = scenario.leakPermille;
    Nemesis nemesis(torment, cluster);

    registers.start();
    promises.start();
    pass(100);
    nemesis.run(options.milliseconds);

    ScenarioReport report;
    const auto check = [&report](const QString& problem) {
        if (report.problem.isEmpty())
            report.problem = problem;
    };
    check(cluster.heal(healMs));
    pass(wellMs);
    if (!registers.stop(lastRequestsMs) || !promises.stop(lastRequestsMs))
        check(QStringLiteral("a request wasn't answered although all nodes are well"));
    const bool mayFail = std::ranges::find(scenario.faults, Fault::FailingSync) != scenario.faults.end();
    check(wrongEnds(cluster, endsBefore, mayFail));
    if (report.problem.isEmpty()) {
        check(registers.readEverything());
        check(promises.check());
    }
    check(registers.check());
    report.registers = registers.counters();
    report.promises = promises.requests();
    report.acknowledged = promises.acknowledged();
    report.keys = registers.keyCount();
    report.faults = nemesis.counts();
    report.seconds = static_cast<double>(clock.elapsed()) / 1000;
    if (!report.problem.isEmpty() && !options.traceFolder.isEmpty())
        keepTraces(options.traceFolder, registers, nemesis, cluster);
    return report;
}

} // namespace quoit::test
