// When a node counts as strained: not for a burst, and not any more only after a long calm.
#include "node/server/strain_meter.h"

#include <QtTest>

using namespace quoit;

namespace {

/// A meter that is asked ten times a second.
class Meter
{
public:
    Busy after(std::chrono::seconds time, double pressure)
    {
        Busy busy;
        for (const TimePoint end = m_now + time; m_now < end;) {
            m_now += 100ms;
            busy = m_meter.update(m_now, pressure);
        }
        return busy;
    }

private:
    StrainMeter m_meter;
    TimePoint m_now = TimePoint(1s);
};

} // namespace

class TestServerStrain : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aBurstIsNoStrain()
    {
        Meter meter;
        QVERIFY(meter.after(10s, 0.3).strain == Strain::None);
        QVERIFY(meter.after(2s, 1).strain == Strain::None);
        QVERIFY(meter.after(10s, 0.85).strain == Strain::None);
        QVERIFY(meter.after(15s, 1).strain == Strain::Strained);
    }

    void reliefTakesTwoSteps()
    {
        Meter meter;
        meter.after(15s, 1);
        QVERIFY(meter.after(20s, 0.85).strain == Strain::Strained); // neither more nor less
        QVERIFY(meter.after(10s, 0.7).strain == Strain::Recovering);
        QVERIFY(meter.after(100s, 0.7).strain == Strain::Recovering);
        QVERIFY(meter.after(50s, 0.1).strain == Strain::Recovering);
        QVERIFY(meter.after(2s, 1).strain == Strain::Recovering);
        QVERIFY(meter.after(3s, 0.1).strain == Strain::Recovering);
        QVERIFY(meter.after(70s, 0.1).strain == Strain::None);
    }

    void itRelapses()
    {
        Meter meter;
        meter.after(15s, 1);
        QVERIFY(meter.after(10s, 0.5).strain == Strain::Recovering);
        QVERIFY(meter.after(15s, 1).strain == Strain::Strained);
    }

    void percentIsTheAverage()
    {
        Meter meter;
        const Busy busy = meter.after(60s, 0.42);
        QCOMPARE(int(busy.percent), 42);
        QCOMPARE(int(meter.after(60s, 7).percent), 100); // whatever the system says
        QCOMPARE(int(meter.after(60s, -1).percent), 0);
    }
};

QTEST_APPLESS_MAIN(TestServerStrain)
#include "test_server_strain.moc"
