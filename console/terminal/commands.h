// console/terminal/commands.h - what each command of `quoit` does. All return what the process exits with.
#pragma once

#include "console/terminal/session.h"

namespace quoit::terminal {

// One question, one answer (cluster_commands.cpp).
int runStatus(Session& session, const Options& options);
int runRing(Session& session, const Options& options);
int runNodes(Session& session, const Options& options);
int runStats(Session& session, const Options& options);
int runHot(Session& session, const Options& options);
int runLocate(Session& session, const Options& options);

// Changes of the ring (change_commands.cpp).
int runPlan(Session& session, const Options& options);
int runApply(Session& session, const Options& options);
int runAbort(Session& session, const Options& options);
int runPause(Session& session, const Options& options);
int runResume(Session& session, const Options& options);
int runThrottle(Session& session, const Options& options);
int runChanges(Session& session, const Options& options);

// Keys (key_commands.cpp).
int runGet(Session& session, const Options& options);
int runSet(Session& session, const Options& options);
int runDel(Session& session, const Options& options);
int runScan(Session& session, const Options& options);

// Files (transfer_commands.cpp).
int runImport(Session& session, const Options& options);
int runExport(Session& session, const Options& options);

/// The live view, until Ctrl+C or as many pushes as were asked for (watch_command.cpp).
int runWatch(Session& session, const Options& options);

/// Forms a cluster; connects by itself, to nodes that are in none yet (create_command.cpp).
int runCreate(Output& output, const Options& options);

/// Runs a cluster on this machine until Ctrl+C (dev_command.cpp).
int runDev(Output& output, const Options& options);

} // namespace quoit::terminal
