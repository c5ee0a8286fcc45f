// tests/console/test_console_settings.cpp - what the console keeps in small files: there at once, written without anybody
// waiting for the disk, and not lost.
#include "console/cluster/json_file.h"
#include "console/cluster/settings.h"

#include <QLockFile>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace quoit;

class TestConsoleSettings : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void valuesAreThereAtOnceWhileTheDiskIsBusy()
    {
        const QString file = fileOf("busy.ini");
        {
            QSettings before(file, QSettings::IniFormat);
            before.setValue(QStringLiteral("theme"), 1);
        }
        QLockFile busy(file + QStringLiteral(".lock")); // QSettings waits for it as it would for a disk
        QVERIFY(busy.lock());
        Settings settings(file);
        QCOMPARE(settings.value(QStringLiteral("theme")).toInt(), 1);
        settings.setValue(QStringLiteral("theme"), 2);
        QCoreApplication::processEvents(); // QSettings would write now
        settings.setValue(QStringLiteral("terminal/history"), QStringList{QStringLiteral("PING"), QStringLiteral("INFO")});
        QCoreApplication::processEvents();
        QCOMPARE(settings.value(QStringLiteral("theme")).toInt(), 2);
        QCOMPARE(settings.value(QStringLiteral("terminal/history")).toStringList().size(), 2);
        QCOMPARE(settings.value(QStringLiteral("absent"), 7).toInt(), 7);
        QFile written(file);
        QVERIFY(written.open(QIODevice::ReadOnly));
        QVERIFY(written.readAll().contains("theme=1"));
        busy.unlock();
        QTRY_COMPARE(Settings(file).value(QStringLiteral("terminal/history")).toStringList().size(), 2);
        QTRY_COMPARE(Settings(file).value(QStringLiteral("theme")).toInt(), 2);
    }

    void nothingIsLostAtTheEnd()
    {
        const QString file = fileOf("end.ini");
        {
            Settings settings(file);
            for (int i = 0; i <= 100; ++i)
                settings.setValue(QStringLiteral("count"), i);
        }
        QCOMPARE(Settings(file).value(QStringLiteral("count")).toInt(), 100);
    }

    void whatAnotherConsoleHasSetStays()
    {
        const QString file = fileOf("both.ini");
        Settings first(file);
        {
            Settings second(file);
            second.setValue(QStringLiteral("second"), true);
        }
        first.setValue(QStringLiteral("first"), true);
        QTRY_VERIFY(Settings(file).value(QStringLiteral("first")).toBool());
        QVERIFY(Settings(file).value(QStringLiteral("second")).toBool());
    }

    void listIsWrittenWhole()
    {
        const QString name = fileOf("sub/list.json");
        {
            JsonFile file(name);
            for (int i = 0; i <= 100; ++i)
                file.write({i, QStringLiteral("text")});
        }
        JsonFile file(name);
        QCOMPARE(file.read(), (QJsonArray{100, QStringLiteral("text")}));
        QCOMPARE(file.trouble(), QString());
    }

    void fileThatCannotBeWrittenIsTold()
    {
        QFile blocked(fileOf("blocked")); // a file where a folder would have to be
        QVERIFY(blocked.open(QIODevice::WriteOnly));
        JsonFile file(fileOf("blocked/list.json"));
        QSignalSpy told(&file, &JsonFile::troubleChanged);
        file.write({1});
        QTRY_COMPARE(told.size(), 1);
        QVERIFY2(file.trouble().contains(QStringLiteral("can't be written")), qPrintable(file.trouble()));
        blocked.remove();
        file.write({2});
        QTRY_COMPARE(told.size(), 2);
        QCOMPARE(file.trouble(), QString());
        QCOMPARE(JsonFile(fileOf("blocked/list.json")).read(), QJsonArray{2});
    }

private:
    QString fileOf(const char* name) const { return m_folder.filePath(QString::fromLatin1(name)); }

    QTemporaryDir m_folder;
};

QTEST_GUILESS_MAIN(TestConsoleSettings)
#include "test_console_settings.moc"
