// The unit for systemd: what systemd says of it, and whether the node knows the options that it is given.
#include <QFile>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

class TestInstallerSystemd : public QObject
{
    Q_OBJECT

private:
    QByteArray m_unit;

    /// The value of the last line that begins with it.
    QByteArray setting(const char* name) const
    {
        QByteArray value;
        for (const QByteArray& line : m_unit.split('\n'))
            if (line.startsWith(QByteArray(name) + '='))
                value = line.mid(line.indexOf('=') + 1);
        return value;
    }

private Q_SLOTS:
    void initTestCase()
    {
        QFile file(QStringLiteral(QUOIT_SOURCE_DIR "/installer/systemd/quoit-node@.service"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        m_unit = file.readAll();
    }

    void systemdAcceptsIt()
    {
        const QString analyze = QStandardPaths::findExecutable(QStringLiteral("systemd-analyze"));
        if (analyze.isEmpty())
            QSKIP("no systemd-analyze in PATH");
        QTemporaryDir folder;
        // It looks for the program too.
        QByteArray unit = m_unit;
        unit.replace("/usr/local/bin/quoit-node", QUOIT_BIN_DIR "/quoit-node");
        QFile file(folder.filePath(QStringLiteral("quoit-node@.service")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(unit);
        file.close();
        QProcess process;
        process.setProcessChannelMode(QProcess::MergedChannels);
        process.start(analyze, {QStringLiteral("verify"), QStringLiteral("--man=no"), folder.filePath(QStringLiteral("quoit-node@n1.service"))});
        QVERIFY(process.waitForFinished(120'000));
        QByteArray said;
        for (const QByteArray& line : process.readAll().split('\n'))
            if (line.contains("quoit"))
                said += line + '\n'; // not what it finds in the units of this machine
        QVERIFY2(said.isEmpty(), said.constData());
        QVERIFY(!unit.isEmpty());
    }

    void nodeKnowsItsOptions()
    {
        QProcess process;
        process.start(QStringLiteral(QUOIT_BIN_DIR "/quoit-node"), {QStringLiteral("--help")});
        QVERIFY(process.waitForFinished(120'000));
        const QByteArray help = process.readAll();
        static const QRegularExpression option(QStringLiteral("--[a-z-]+"));
        int count = 0;
        for (auto each = option.globalMatch(QString::fromUtf8(m_unit)); each.hasNext(); ++count) {
            const QByteArray name = each.next().captured().toUtf8();
            QVERIFY2(help.contains(name + ' '), name.constData());
        }
        QVERIFY(count >= 5);
    }

    void readmeTellsEveryOptionOfTheNode()
    {
        QFile readme(QStringLiteral(QUOIT_SOURCE_DIR "/README.md"));
        QVERIFY(readme.open(QIODevice::ReadOnly));
        const QByteArray told = readme.readAll();
        QProcess process;
        process.start(QStringLiteral(QUOIT_BIN_DIR "/quoit-node"), {QStringLiteral("--help")});
        QVERIFY(process.waitForFinished(120'000));
        static const QRegularExpression option(QStringLiteral("^  (--[a-z-]+)"), QRegularExpression::MultilineOption);
        int count = 0;
        for (auto each = option.globalMatch(QString::fromUtf8(process.readAll())); each.hasNext(); ++count) {
            const QByteArray name = '`' + each.next().captured(1).toUtf8();
            QVERIFY2(told.contains(name + ' ') || told.contains(name + '`'), name.constData());
        }
        QVERIFY(count >= 15);
    }

    /// A node that failed comes back; one that was removed from its cluster ends with 0 and stays down.
    void failedNodesAreStartedAgain()
    {
        QCOMPARE(setting("Restart"), QByteArray("on-failure"));
        QVERIFY(setting("TimeoutStopSec").toInt() > 5); // a node ends within five seconds
        QVERIFY(setting("LimitNOFILE").toInt() > 10'000); // and takes 10,000 clients
        QVERIFY(setting("ExecStart").contains("--data-dir /var/lib/" + setting("StateDirectory").replace("/%i", "") + "/%i"));
    }
};

QTEST_GUILESS_MAIN(TestInstallerSystemd)
#include "test_installer_systemd.moc"
