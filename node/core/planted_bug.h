// node/core/planted_bug.h - lines that can be made wrong on purpose, one at a time, to prove that the simulator would notice.
// Only tests/sim builds the core with QUOIT_PLANTED_BUGS; everywhere else planted() is false at compile time and leaves no trace.
// What each bug is, which rule it breaks and how soon it is found: resources/docs/protocol.md, "What goes wrong without the rules".
#pragma once

#include <cstdint>

namespace quoit {

enum class PlantedBug : std::uint8_t {
    None,
    WriteBelowPromise,        // 0
    ReadWithoutAgreement,     // 0
    MemoryOfOneVersion,       // 1
    SetWithoutFind,           // 2
    NothingCarriedOver,       // 3
    AnswerWithoutConfirming,  // 4
    AnswerFromUnchosen,       // 5
    RunUnderAnyBallot,        // 6
    RequestDeliveredTwice,    // 7
    LateFirstAttemptRuns,     // 8
    RetryRunsAgain,           // 9
    ReadAgainAfterRecall,     // 10
    RememberedMeansDone,      // 11
    SilenceMeansNever,        // 12
    DeadVersionsMeanNever,    // 12
    UnchangedLeavesNoTrace,   // 13
    EarlierUnchangedCounts,   // 14
    CopyOfUnchosen,           // 15
    PromiseNotSynced,
    RecordNotSynced,
    OlderRecordNotSynced, ///< "is there already" is said while what is there is still on its way to the disk
    FsyncErrorIgnored,
    BallotUsedAgain,      ///< after a restart
    OperationIdUsedAgain, ///< after a restart
    ChecksumIgnored,
    ReaderJudgesExpiry,
    SharedRoundJoinedLate,
    ConfirmingRoundJoinedLate,
    MajorityMinusOne,
    AppliedNotSettled, ///< a recalled operation is answered although its record isn't chosen
    HintOfUnchosen,
    OldDiskAccepted, ///< a disk gone back in time takes part
    OldSetAlone,           // 17
    CopyFromOldEpoch,      // 18
    CopyBelowFloorRefused, // 19
    SmallerSetNotSettled,  // 20
    DoneBeforeCopied,      // 21
    MapAdoptedBeforeChosen,
    MissedMapStaysMissed, ///< whom a new map didn't reach neither asks for it nor is told
    FloorWithoutAll,          // 16
    FloorWithoutPromise,      ///< a replica compares for a floor and goes on accepting from earlier homes
    TombstoneDroppedByAge,    ///< without asking the other replicas
    UnchosenLearntByRepair,   // 15
    TreeIgnoresVersion,       ///< replicas with different versions of a key look the same
    FloorDuringChange,
    LeftoversKept, // 22
    NodeIdReused,  ///< the id of a node that has left is given out again
    EvictedByReplicas, // 23
    DirectBesideLog, ///< a record goes to its table past the log, which holds an older one of the same key
    LeavesWithTheMap,  ///< whoever had the map chosen in which it is no member any more ends before a member has it on disk
    LeavesWithClients, ///< a change that takes a node away doesn't wait for what its clients have asked
    AloneThoughSent,   ///< a home that reached no majority says that it is alone, which means "surely not run", of what it has sent to some
    NamedBeforePromised, // 24
    AncestorsHaveAll,    // 11: what was done under an ancestor's ballot is taken for a part of it, though it is newer
    Count,
};

#ifdef QUOIT_PLANTED_BUGS
extern PlantedBug plantedBug; ///< set before a run, never meanwhile
inline bool planted(PlantedBug bug)
{
    return plantedBug == bug;
}
#else
constexpr bool planted(PlantedBug)
{
    return false;
}
#endif

} // namespace quoit
