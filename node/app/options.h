// node/app/options.h - the command line of quoit-node.
#pragma once

#include "node/server/service_options.h"

#include <QStringList>

#include <optional>
#include <string>
#include <variant>

namespace quoit {

struct NodeOptions
{
    ServiceOptions service;
    std::string readyFile; ///< empty: none
    bool allowInsecure = false;
    bool endWithStdin = false; ///< see StdinTether
};

/// What the command line asks for instead of a node.
struct TextAndExit
{
    std::string text;
    int exitCode = 0; ///< 0: text for stdout; else for stderr
};

/// Needs a QCoreApplication. @param arguments with the program's name
std::variant<NodeOptions, TextAndExit> parseNodeOptions(const QStringList& arguments);

} // namespace quoit
