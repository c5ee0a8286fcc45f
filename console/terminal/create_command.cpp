// console/terminal/create_command.cpp - forms a cluster from nodes that wait for one; how is console/cluster's.
#include "console/terminal/commands.h"

#include "console/cluster/cluster_formation.h"
#include "console/terminal/json_text.h"

#include <QEventLoop>

namespace quoit::terminal {

namespace {

/// The addresses as they were given; a list of what is wrong with them goes to standard error.
std::optional<QStringList> checkedAddresses(const Options& options, Output& output)
{
    QStringList addresses;
    QStringList named; // the same, in one spelling
    for (const std::string& text : options.arguments) {
        const QString address = QString::fromStdString(text);
        const auto place = parseHostPort(address);
        if (!place) {
            output.complain(inQuotes(text) + " is no address: it needs a host and a port, as in 10.0.0.1:7400.");
            return std::nullopt;
        }
        const QString name = place->host.toLower() + QLatin1Char(' ') + QString::number(place->port);
        if (const qsizetype before = named.indexOf(name); before >= 0) {
            output.complain(inQuotes(addresses[before].toStdString()) + " and " + inQuotes(text) + " are the same node.");
            return std::nullopt;
        }
        addresses << address;
        named << name;
    }
    return addresses;
}

} // namespace

int runCreate(Output& output, const Options& options)
{
    const auto addresses = checkedAddresses(options, output);
    if (!addresses)
        return exitUsage;
    ClusterFormation formation(
        *addresses,
        {.partitionCount = options.partitions, .replicaCount = options.replicas, .vnodesPerWeight = options.vnodes});
    QEventLoop loop;
    int code = exitNotDone;
    QObject::connect(&formation, &ClusterFormation::progressed, &loop, [&](const QString& what) {
        if (!options.json && !options.quiet)
            output.note(printable(what.toStdString()));
    });
    QObject::connect(&formation, &ClusterFormation::formed, &loop, [&](const ClusterMapPtr& map) {
        code = exitDone;
        if (options.json)
            output.line(jsonObject({{"cluster", jsonString(map->clusterId())},
                                    {"epoch", std::to_string(map->epoch())},
                                    {"nodes", std::to_string(map->members().size())},
                                    {"replicas", std::to_string(map->replicas(0).size())},
                                    {"partitions", std::to_string(map->partitionCount())}}));
        else
            output.line((formation.existedBefore() ? "The cluster exists already: " : "The cluster is formed: ") +
                        countOf(map->members().size(), "node") + ", " + countOf(map->partitionCount(), "partition") +
                        ", " + replicasText(*map) + ". Try: quoit -c " + options.arguments.front() + " status");
        loop.quit();
    });
    QObject::connect(&formation, &ClusterFormation::failed, &loop, [&](const QString& reason) {
        output.complain(printable(reason.toStdString()));
        loop.quit();
    });
    formation.start();
    loop.exec();
    return code;
}

} // namespace quoit::terminal
