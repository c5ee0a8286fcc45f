// tests/console/test_console_change_log.cpp - what became of changes is read off the map, also of those that ended
// unseen.
#include "console/cluster/change_log.h"
#include "shared/ring/change_plan.h"
#include "shared/ring/token_allocation.h"

#include <QTemporaryDir>
#include <QTest>

using namespace quoit;
using Outcome = KeptChange::Outcome;

namespace {

ClusterMapPtr fourNodes()
{
    ClusterMapParts parts;
    parts.clusterId = "5f8ab9f2-6c1f-4a35-bb4e-6d7f1c0b2a11";
    const auto tokens =
        allocateTokens({{1, "", 1.0}, {2, "", 1.0}, {3, "", 1.0}, {4, "", 1.0}}, parts.partitionCount, 3, 16).value();
    for (NodeId id = 1; id <= 4; ++id) {
        const std::string text = std::to_string(id);
        parts.members.push_back(
            {id, "disk-" + text, "n" + text, "h:" + text, "p:" + text, "", "", 1.0, tokens[id - 1]});
    }
    return ClusterMap::make(std::move(parts)).value();
}

ClusterMapPtr begun(const ClusterMap& map, double weight)
{
    ChangeStep step;
    step.kind = ChangeStep::Kind::Weight;
    step.node = 2;
    step.weight = weight;
    return beginChange(map, planChange(map, {map.revision() + 1, {step}}).value()).value();
}

} // namespace

class TestConsoleChangeLog : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_map = fourNodes(); }

    void doneAndAbortedAreToldApart()
    {
        ChangeLog log{QString()};
        const ClusterMapPtr joint = begun(*m_map, 2);
        log.follow(*m_map, 1000);
        log.follow(*joint, 2000);
        QCOMPARE(outcomes(log), (std::vector{Outcome::Running}));
        const ClusterMapPtr done = finishChange(*joint).value();
        log.follow(*done, 9000);
        QCOMPARE(outcomes(log), (std::vector{Outcome::Done}));
        const ClusterMapPtr next = begun(*done, 3);
        log.follow(*next, 10'000);
        log.follow(*abortChange(*next).value(), 12'000);
        QCOMPARE(outcomes(log), (std::vector{Outcome::Aborted, Outcome::Done}));
        const KeptChange first = log.of(m_map->clusterId()).back();
        QCOMPARE(first.beganMs, qint64(2000));
        QCOMPARE(first.endedMs, qint64(9000));
        QVERIFY(first.partitions > 0);
        QVERIFY(first.text.startsWith(QStringLiteral("weight of n2")));
    }

    void pausesAndOldMapsChangeNothing()
    {
        ChangeLog log{QString()};
        const ClusterMapPtr joint = begun(*m_map, 2);
        log.follow(*joint, 2000);
        ClusterMapParts paused = joint->parts();
        ++paused.revision;
        paused.change->paused = true;
        log.follow(*ClusterMap::make(paused).value(), 3000);
        log.follow(*m_map, 4000); // from a node that is behind
        QCOMPARE(outcomes(log), (std::vector{Outcome::Running}));
    }

    void changeThatEndedUnseenIsInTheMap()
    {
        QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("sub/changes.json"));
        const ClusterMapPtr joint = begun(*m_map, 2);
        {
            ChangeLog log(file);
            log.follow(*joint, 2000);
            QVERIFY(log.trouble().isEmpty());
        }
        const ClusterMapPtr done = finishChange(*joint).value();
        {
            ChangeLog log(file); // the next start of the console
            log.follow(*done, 50'000);
            QCOMPARE(outcomes(log), (std::vector{Outcome::Done}));
            log.follow(*begun(*done, 3), 60'000);
        }
        ChangeLog log(file);
        const ClusterMapPtr aborted = abortChange(*begun(*done, 3), 65'000).value();
        const ClusterMapPtr later = finishChange(*begun(*aborted, 5), 68'000).value();
        log.follow(*later, 70'000);
        QCOMPARE(outcomes(log), (std::vector{Outcome::Done, Outcome::Aborted, Outcome::Done}));
        const std::vector<KeptChange> kept = log.of(m_map->clusterId());
        QCOMPARE(kept[1].endedMs, qint64(65'000));
        QCOMPARE(kept[0].endedMs, qint64(68'000));
        QCOMPARE(kept[0].beganMs, qint64(0)); // never seen running
        QVERIFY(kept[0].text.startsWith(QStringLiteral("weight of n2: 5")));
        QTRY_COMPARE(outcomes(ChangeLog(file)), outcomes(log));
        ChangeLog newcomer{QString()}; // another console has the same past
        newcomer.follow(*later, 80'000);
        QCOMPARE(outcomes(newcomer), outcomes(log));
    }

    void changeThatTheMapForgotIsUnknown()
    {
        ChangeLog log{QString()};
        const ClusterMapPtr joint = begun(*m_map, 2);
        log.follow(*joint, 2000);
        ClusterMapPtr map = abortChange(*joint).value();
        for (std::size_t i = 0; i < EndedChange::keptMax; ++i)
            map = abortChange(*begun(*map, 3)).value();
        log.follow(*map, 9000);
        QCOMPARE(outcomes(log).size(), EndedChange::keptMax + 1);
        QCOMPARE(outcomes(log).back(), Outcome::Unknown);
    }

    void changesThatNeverBeganAreToldByTheReport()
    {
        ChangeLog log{QString()};
        ChangesReport report;
        report.ended = {{m_map->revision() + 5, "impossible", "leave n9", 1, 4000, 0}};
        log.note(report, 0, 5000); // of which cluster isn't known yet
        QVERIFY(outcomes(log).empty());
        log.follow(*m_map, 5000);
        log.note(report, 0, 6000);
        log.note(report, 0, 7000);
        QCOMPARE(outcomes(log), (std::vector{Outcome::Impossible}));
        QCOMPARE(log.of(m_map->clusterId()).front().endedMs, qint64(4000));
        log.follow(*begun(*m_map, 2), 8000); // its number is lower
        QCOMPARE(outcomes(log), (std::vector{Outcome::Impossible, Outcome::Running}));
    }

    void damagedFileIsAnEmptyOne()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("changes.json")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("[{\"cluster\": 3}, 7, {\"number\": \"x\"");
        file.close();
        ChangeLog log(file.fileName());
        QVERIFY(outcomes(log).empty());
        log.follow(*begun(*m_map, 2), 2000);
        QTRY_COMPARE(outcomes(ChangeLog(file.fileName())), (std::vector{Outcome::Running}));
    }

private:
    std::vector<Outcome> outcomes(const ChangeLog& log) const
    {
        std::vector<Outcome> all;
        for (const KeptChange& kept : log.of(m_map->clusterId()))
            all.push_back(kept.outcome);
        return all;
    }

    ClusterMapPtr m_map;
};

QTEST_GUILESS_MAIN(TestConsoleChangeLog)
#include "test_console_change_log.moc"
