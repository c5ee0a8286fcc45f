// console/terminal/main.cpp - `quoit`: reads the command line, connects, hands over to the command.
#include "console/terminal/commands.h"
#include "console/terminal/options.h"
#include "console/terminal/output.h"

#include <QCoreApplication>

#include <cstdio>

using namespace quoit;
using namespace quoit::terminal;

namespace {

using SessionCommand = int (*)(Session&, const Options&);

/// Commands that want a connection before they begin; nullptr for the others.
SessionCommand connectedCommand(Command command)
{
    switch (command) {
    case Command::Status:
        return runStatus;
    case Command::Ring:
        return runRing;
    case Command::Nodes:
        return runNodes;
    case Command::Stats:
        return runStats;
    case Command::Hot:
        return runHot;
    case Command::Watch:
        return runWatch;
    case Command::Locate:
        return runLocate;
    case Command::Plan:
        return runPlan;
    case Command::Apply:
        return runApply;
    case Command::Abort:
        return runAbort;
    case Command::Pause:
        return runPause;
    case Command::Resume:
        return runResume;
    case Command::Throttle:
        return runThrottle;
    case Command::Changes:
        return runChanges;
    case Command::Get:
        return runGet;
    case Command::Set:
        return runSet;
    case Command::Del:
        return runDel;
    case Command::Scan:
        return runScan;
    default:
        return nullptr;
    }
}

int run(const Options& options)
{
    Output output(options);
    switch (options.command) {
    case Command::Help:
        output.write(helpText(options.arguments.empty() ? std::string() : options.arguments[0]));
        return exitDone;
    case Command::Version:
        output.line("quoit " QUOIT_VERSION);
        return exitDone;
    case Command::Create:
        return runCreate(output, options);
    case Command::Dev:
        return runDev(output, options);
    default:
        break;
    }
    Session session(options, output);
    // These two look at the file first, and connect by themselves.
    if (options.command == Command::Import)
        return runImport(session, options);
    if (options.command == Command::Export)
        return runExport(session, options);
    return session.connectToCluster() ? connectedCommand(options.command)(session, options) : session.failure();
}

} // namespace

int main(int argc, char** argv)
{
    // Keys and values are bytes: they are taken from argv as they stand, before Qt reads it as text.
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("quoit"));
    const auto options = parseOptions(arguments);
    if (options)
        return run(options.value());
    std::fprintf(stderr, "quoit: %s\n", options.error().message.c_str());
    return exitUsage;
}
