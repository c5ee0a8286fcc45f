// console/desktop/main.cpp - quoit-console: options, window, event loop.
#include "console/desktop/main_window.h"
#include "console/desktop/screenshots.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QStandardPaths>

#include <cstdio>

using namespace quoit;

namespace {

QString translated(const char* text)
{
    return QCoreApplication::translate("main", text);
}

int complain(const QString& text)
{
    std::fputs(qPrintable(QStringLiteral("quoit-console: ") + text + QLatin1Char('\n')), stderr);
    return 2;
}

/// @return an invalid size if it isn't WxH
QSize parseSize(const QString& text)
{
    const QStringList parts = text.split(QLatin1Char('x'));
    const QSize size(parts.value(0).toInt(), parts.value(1).toInt());
    return parts.size() == 2 && size.width() >= 200 && size.height() >= 200 && size.width() <= 10'000 &&
                   size.height() <= 10'000
               ? size
               : QSize();
}

struct Arguments
{
    QCommandLineParser parser;
    QCommandLineOption connect{QStringLiteral("connect"), translated("Connect to a cluster."),
                               QStringLiteral("HOST:PORT")};
    QCommandLineOption local{QStringLiteral("local"),
                             translated("Start a cluster of N nodes (1 to 9) on this machine."), QStringLiteral("N")};
    QCommandLineOption dir{QStringLiteral("dir"), translated("Where the local nodes keep their data."),
                           QStringLiteral("DIR")};
    QCommandLineOption node{QStringLiteral("node-program"), translated("The quoit-node to start."),
                            QStringLiteral("FILE")};
    QCommandLineOption screenshot{QStringLiteral("screenshot"),
                                  translated("Save a picture of every page in light and dark, then exit."),
                                  QStringLiteral("DIR")};
    QCommandLineOption size{QStringLiteral("size"), translated("Size of the window."), QStringLiteral("WxH"),
                            QStringLiteral("1280x800")};
    QCommandLineOption reducedMotion{QStringLiteral("reduced-motion"), translated("Nothing moves by itself.")};

    void process(const QCoreApplication& app)
    {
        parser.setApplicationDescription(translated("Shows and operates a Quoit cluster."));
        parser.addHelpOption();
        parser.addVersionOption();
        parser.addOptions({connect, local, dir, node, screenshot, size, reducedMotion});
        parser.process(app);
    }
};

} // namespace

int main(int argc, char** argv)
{
    QApplication app(argc, argv);
    QCoreApplication::setOrganizationName(QStringLiteral("quoit"));
    QCoreApplication::setApplicationName(QStringLiteral("quoit-console"));
    QCoreApplication::setApplicationVersion(QStringLiteral(QUOIT_VERSION));
    QGuiApplication::setApplicationDisplayName(QStringLiteral("Quoit"));

    Arguments arguments;
    arguments.process(app);
    const QCommandLineParser& parser = arguments.parser;
    const QSize size = parseSize(parser.value(arguments.size));
    const int nodes = parser.value(arguments.local).toInt();
    if (!size.isValid())
        return complain(translated("--size wants WIDTHxHEIGHT, for example 1280x800"));
    if (parser.isSet(arguments.local) && (nodes < 1 || nodes > LocalCluster::nodesMax))
        return complain(translated("--local wants a number from 1 to 9"));
    if (parser.isSet(arguments.local) && parser.isSet(arguments.connect))
        return complain(translated("--connect and --local exclude each other"));

    const bool isForPictures = parser.isSet(arguments.screenshot);
    if (isForPictures)
        QStandardPaths::setTestModeEnabled(true); // pictures leave the user's settings alone
    Workspace workspace({parser.value(arguments.node), parser.value(arguments.dir),
                         parser.isSet(arguments.reducedMotion) || isForPictures});
    MainWindow window(workspace);
    window.resize(size);
    window.show();
    const auto connect = [&] {
        if (parser.isSet(arguments.local))
            workspace.startLocal(nodes);
        return !parser.isSet(arguments.connect) || workspace.connectTo(parser.value(arguments.connect));
    };
    if (!isForPictures)
        return connect() ? app.exec() : complain(translated("--connect wants HOST:PORT"));

    window.setQuiet(true);
    Screenshots screenshots(workspace, window, parser.value(arguments.screenshot));
    int status = 0;
    QObject::connect(&screenshots, &Screenshots::finished, &app, [&](const QString& failure) {
        status = failure.isEmpty() ? 0 : complain(failure);
        app.quit();
    });
    screenshots.start(connect);
    app.exec();
    return status;
}
