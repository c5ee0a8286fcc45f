// tests/cluster/faulty_node.cpp - what makes quoit-node-faulty of quoit-node: a disk that can lose its power and fail.
#include "tests/cluster/power_loss_vfs.h"

namespace {

// Before main() opens a database.
[[maybe_unused]] const bool isInstalled = [] {
    quoit::test::installPowerLossVfs();
    return true;
}();

} // namespace
