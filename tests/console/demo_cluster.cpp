// tests/console/demo_cluster.cpp - runs the fake cluster by itself, to look at the console without nodes.
// demo_cluster [nodes] [seconds] prints an address to connect to.
#include "tests/console/fake_cluster.h"

#include <QCoreApplication>

#include <cstdio>

int main(int argc, char** argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = app.arguments();
    const int nodes = arguments.value(1, QStringLiteral("5")).toInt();
    quoit::test::FakeCluster cluster(nodes);
    for (int i = 0; i < 34'924; ++i)
        cluster.put(QByteArray("U+") + QByteArray::number(i, 16).rightJustified(4, '0').toUpper(),
                    QByteArray("{\"name\":\"CHARACTER ") + QByteArray::number(i) +
                        "\",\"category\":\"Lo\",\"bidi\":\"L\",\"mirrored\":false,\"aliases\":[\"first\",\"second\"]}");
    quoit::HotKeysReport hot;
    hot.nodes = std::uint64_t(nodes);
    hot.readsPerSecond = 26'000;
    hot.writesPerSecond = 7000;
    hot.keys = {{"U+0041", 9100, 120, 340, 20},
                {"session:42", 3300, 120, 1250, 20},
                {"U+1F3AF", 2100, 120, 0, 0},
                {"counter:visits", 0, 0, 1900, 20},
                {"a key with a long name, as some are: tenant:1138:cart:items:by-date", 620, 120, 80, 20}};
    cluster.setHotKeys(hot);
    std::puts(qPrintable(cluster.addresses().join(QLatin1Char(','))));
    std::fflush(stdout);
    // Something to see: one node answers late, one goes and comes back.
    if (nodes > 3) {
        QTimer::singleShot(3000, &cluster, [&] { cluster.suspectNode(3); });
        QTimer::singleShot(5000, &cluster, [&] { cluster.stopNode(5); });
    }
    QTimer::singleShot(arguments.value(2, QStringLiteral("60")).toInt() * 1000, &app, &QCoreApplication::quit);
    return app.exec();
}
