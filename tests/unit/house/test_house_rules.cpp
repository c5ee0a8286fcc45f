#include "tests/unit/house/house_rules.h"

#include <QDirIterator>
#include <QFile>
#include <QTest>

using namespace quoit::house;

namespace {

QList<SourceFile> sourceFiles()
{
    QList<SourceFile> files;
    const QDir top(QStringLiteral(QUOIT_SOURCE_DIR));
    const QStringList names = {QStringLiteral("*.h"), QStringLiteral("*.cpp"), QStringLiteral("CMakeLists.txt")};
    for (const char* folder : {"shared", "node", "console", "tests"}) {
        QDirIterator walk(top.filePath(QString::fromLatin1(folder)), names, QDir::Files, QDirIterator::Subdirectories);
        while (walk.hasNext()) {
            QFile file(walk.next());
            if (file.open(QIODevice::ReadOnly))
                files.append({top.relativeFilePath(file.fileName()), file.readAll()});
        }
    }
    return files;
}

SourceFile source(const char* path, const char* text)
{
    return {QString::fromLatin1(path), QByteArray(text)};
}

} // namespace

class TestHouseRules : public QObject
{
    Q_OBJECT

private:
    QList<SourceFile> m_files;

    template <typename Rule>
    void checkAll(Rule rule) const
    {
        QStringList offences;
        for (const SourceFile& file : m_files)
            offences += rule(file);
        QVERIFY2(offences.isEmpty(), qPrintable(QStringLiteral("\n") + offences.join(QLatin1Char('\n'))));
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_files = sourceFiles();
        QVERIFY2(m_files.size() > 20, "the sources weren't found");
    }

    void everyRoomIsOnThePlan()
    {
        for (const SourceFile& file : m_files) {
            const QString room = roomOf(file.path);
            QVERIFY2(room.isEmpty() || isKnownRoom(room), qPrintable(room));
        }
    }
    void arrowsPointDownOnly() { checkAll(directionOffences); }
    void everyRoomReachesOnlyWhatItMay() { checkAll(reachOffences); }
    void noFileOrFunctionOutgrowsItsReader() { checkAll(lengthOffences); }
    void textIsPlain() { checkAll(textOffences); }

    void plantedOffencesAreFound_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("text");
        const auto row = [](const char* name, const char* path, const QString& text) {
            QTest::newRow(name) << QString::fromLatin1(path) << text;
        };
        const auto include = [](const char* header) {
            return QStringLiteral("#include %1\n").arg(QLatin1String(header));
        };
        row("upwards", "node/core/a.cpp", include("\"node/server/b.h\""));
        row("across", "console/cluster/a.cpp", include("\"node/core/b.h\""));
        row("the other way", "node/server/a.cpp", include("\"console/cluster/b.h\""));
        row("a test", "shared/base/a.cpp", include("\"tests/unit/b.h\""));
        row("not from the top", "shared/base/a.cpp", include("\"b.h\""));
        row("socket", "console/terminal/a.cpp", include("<QTcpSocket>"));
        row("file", "node/server/a.cpp", include("<QFile>"));
        row("Qt", "shared/ring/a.cpp", include("<QString>"));
        row("thread", "node/core/a.cpp", include("<thread>"));
        row("widget", "console/terminal/a.cpp", include("<QWidget>"));
        row("long header", "shared/base/a.h", QStringLiteral("\n#pragma once\n") + QString(251, QLatin1Char('\n')));
        row("long source", "shared/base/a.cpp", QString(601, QLatin1Char('\n')));
        row("long function", "shared/base/a.cpp",
            QStringLiteral("void f()\n{\n") + QString(71, QLatin1Char('\n')) + QStringLiteral("}\n"));
        row("no pragma", "shared/base/a.h", QStringLiteral("int a;\n"));
        row("CR", "shared/base/a.cpp", QStringLiteral("int a;\r\n"));
        row("no line end", "shared/base/a.cpp", QStringLiteral("int a;"));
        row("note", "shared/base/a.cpp",
            QStringLiteral("// TO"
                           "DO later\n"));
    }
    void plantedOffencesAreFound()
    {
        QFETCH(QString, path);
        QFETCH(QString, text);
        const SourceFile file{path, text.toUtf8()};
        QCOMPARE((directionOffences(file) + reachOffences(file) + lengthOffences(file) + textOffences(file)).size(), 1);
    }

    void bytesThatAreNoTextAreFound() { QCOMPARE(textOffences(source("shared/base/a.cpp", "\xff\n")).size(), 1); }

    void whatIsAllowedIsNotRefused()
    {
        const SourceFile file =
            source("node/server/a.cpp", "#include \"node/core/b.h\"\n#include <QTcpSocket>\n#include <thread>\n");
        QVERIFY(directionOffences(file).isEmpty() && reachOffences(file).isEmpty() && textOffences(file).isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestHouseRules)
#include "test_house_rules.moc"
