// tests/bench/slow_replica/main.cpp - bench_far_replica: three nodes that talk through a proxy, so that one of them can be far away from the
// others. For tests/bench/slow_replica/run, which loads them.
//
//   bench_far_replica NODE FOLDER     NODE: the path of quoit-node; FOLDER gets the nodes' folders
//
// Prints a line of JSON once the cluster serves. Then each line of its input is a number of milliseconds by which the third node's messages
// are late from then on, in each direction, and is answered with a line. Ends, as the nodes do, with its input.
#include "tests/cluster/proxied_cluster.h"

#include <QCoreApplication>

#include <cstdio>
#include <iostream>
#include <string>

using namespace quoit;
using namespace quoit::test;

namespace {

constexpr int nodeCount = 3;
constexpr int farNode = 3;

void setDelay(PeerProxy& proxy, Milliseconds delay)
{
    for (int node = 1; node <= nodeCount; ++node) {
        if (node == farNode)
            continue;
        proxy.setWay(node, farNode, {delay, false});
        proxy.setWay(farNode, node, {delay, false});
    }
}

} // namespace

int main(int argc, char** argv)
{
    QCoreApplication application(argc, argv);
    if (argc != 3) {
        std::fputs("bench_far_replica NODE FOLDER\n", stderr);
        return 2;
    }
    ClusterSetup setup;
    setup.program = QString::fromLocal8Bit(argv[1]);
    setup.folder = QString::fromLocal8Bit(argv[2]);
    setup.nodeCount = nodeCount;
    setup.partitionCount = 1024;
    ProxiedCluster cluster(setup);
    if (const QString problem = cluster.start(); !problem.isEmpty()) {
        std::fprintf(stderr, "bench_far_replica: %s\n", qPrintable(problem));
        return 1;
    }
    std::string addresses;
    std::string processes;
    for (int node = 1; node <= nodeCount; ++node) {
        const std::string comma = node > 1 ? "," : "";
        addresses += comma + '"' + cluster.node(node).clientAddress().toStdString() + '"';
        processes += comma + std::to_string(cluster.node(node).processId());
    }
    std::cout << "{\"addresses\":[" << addresses << "],\"pids\":[" << processes << "]}" << std::endl;
    std::string line;
    while (std::getline(std::cin, line)) {
        setDelay(cluster.proxy(), Milliseconds(std::stol(line)));
        std::cout << cluster.proxy().counters().delayed << " portions were delayed until now" << std::endl;
    }
    return 0;
}
