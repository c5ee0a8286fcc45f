#include "tests/sim/profiles.h"

#include <iterator>

namespace quoit::sim {

namespace {

std::int64_t between(Random& random, std::int64_t low, std::int64_t high)
{
    return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

Milliseconds betweenMs(Random& random, std::int64_t low, std::int64_t high)
{
    return Milliseconds(between(random, low, high));
}

/// No fault at all, a few nodes, one key.
void calmDown(Parameters& p, Random& random)
{
    const CoreOptions core = p.core;
    p = Parameters();
    p.core = core;
    p.core.changeTakes = Milliseconds(0);
    p.nodes = static_cast<int>(between(random, 3, 4));
    p.clients = static_cast<int>(between(random, 4, 7));
    p.operations = 200;
    p.registers = 1;
    p.verySlow = p.diskSlow = 0;
}

/// Requests that come after their own retry, and answers that don't come [8, 14]: a request is overtaken by its retry if it is late by more than an
/// attempt, and what another node makes of the retry is lost.
void makeStuckRequests(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.clients = static_cast<int>(between(random, 1, 4));
    p.registers = random.chance(0.5) ? 1 : 0;
    p.counters = 1;
    p.hotRead = 0.1;
    p.core.attemptTimeout = betweenMs(random, 30, 150);
    const std::int64_t attemptUs = p.core.attemptTimeout.count() * 1000;
    p.nuisances = {{MessageKind::Operation, 0.2 + random.unit() * 0.3, 0, 0.3, 8 * attemptUs},
                   {MessageKind::OperationReply, random.unit() * 0.3, 0, 0.1, 8 * attemptUs}};
    p.needlessTakeover = random.chance(0.3) ? 1 : 0;
    p.crash = random.chance(0.2) ? 1 : 0;
}

/// Records that one replica or two have and no majority ever agreed on, while others read and write the same key [15]: homes that are deposed
/// without hearing of it, whose writes get to few, and copies that arrive in the middle of the next home's work.
void makeMinorityWrites(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.operations = 400;
    p.clients = static_cast<int>(between(random, 6, 8));
    p.hotRead = 0.6;
    p.byHome = 0.05;
    p.thinkUs = 8'000;
    p.slow = 0.05;
    p.silentTakeover = 2;
    p.needlessTakeover = 2;
    p.nemesisPauseUs = between(random, 10'000, 60'000);
    p.nuisances = {{MessageKind::Write, 0.15 + random.unit() * 0.3, 0, 0.5 + random.unit() * 0.5, between(random, 50'000, 400'000)},
                   {MessageKind::Learn, 0, 0, 0.3, 60'000}};
    p.core.roundTimeout = betweenMs(random, 80, 300);
    p.core.attemptTimeout = betweenMs(random, 150, 600);
    p.core.readHedge = betweenMs(random, 5, 20);
    p.core.repair.round = Milliseconds(100);
    p.core.repair.lookAgain = Milliseconds(0);
    p.core.repair.keysPerSecond = 1000;
}

/// What was said before it was on disk, and is gone: commits that stall until the power fails, messages that come twice, and somebody else who
/// missed the write.
void makePowerCuts(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.operations = 300;
    p.hotRead = 0.4;
    p.diskStall = 10;
    p.silentTakeover = random.chance(0.6) ? static_cast<int>(between(random, 3, 15)) : 0;
    p.nemesisPauseUs = between(random, 20'000, 80'000);
    p.nuisances = {{MessageKind::Write, random.unit() * 0.4, random.chance(0.6) ? 0.7 : 0, random.unit() * 0.5, 200'000},
                   {MessageKind::Learn, 0.8, 0, 0, 0}};
    p.core.hintsMax = 2;
    p.core.repair.round = betweenMs(random, 1000, 4000);
}

/// Promises that are gone after a loss of power, and a home before that goes on with whoever forgot.
void makeForgottenPromises(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = p.replicas = 5;
    p.clients = static_cast<int>(between(random, 6, 8));
    p.registers = static_cast<int>(between(random, 4, 8));
    p.onePartition = true;
    p.operations = 600;
    p.thinkUs = 40'000;
    p.hotRead = 0.2;
    p.slow = 0.02;
    p.forgottenPromise = 10;
    p.nemesisPauseUs = between(random, 30'000, 80'000);
    p.core.attemptTimeout = betweenMs(random, 300, 1000);
    p.core.roundTimeout = betweenMs(random, 400, 800);
    p.core.handBackAfter = Milliseconds(3000);
    p.core.repair.round = betweenMs(random, 1000, 4000);
}

/// Clocks that differ by about as much as values live.
void makeSkewedClocks(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.hotRead = 0.6;
    p.byHome = random.chance(0.5) ? 0.05 : 0.4;
    p.ttlShare = 0.7;
    p.thinkUs = 30'000;
    p.clockJump = 5;
    p.clockJumpMaxMs = between(random, 300, 2000);
    p.needlessTakeover = random.chance(0.5) ? 3 : 0;
    p.nemesisPauseUs = 60'000;
}

/// Homes that don't hear that they are deposed, with questions under way that began before it [4].
void makeLateAnswers(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = 3;
    p.clients = static_cast<int>(between(random, 6, 8));
    p.operations = 900;
    p.thinkUs = 12'000;
    p.hotRead = 0.75;
    p.byHome = 0.9;
    p.slow = 0.05;
    p.disconnect = 5;
    p.disconnectMaxUs = 800'000;
    p.silentTakeover = random.chance(0.3) ? 2 : 0;
    p.nemesisPauseUs = between(random, 20'000, 100'000);
    p.core.roundTimeout = betweenMs(random, 400, 800);
    p.core.attemptTimeout = betweenMs(random, 600, 1400);
    p.nuisances = {{MessageKind::Answer, 0, 0, 0.3 + random.unit() * 0.3, between(random, 200'000, 600'000)}};
}

/// A disk goes back in time, long enough before the end that somebody relies on what it had.
void makeOldDisks(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = 3;
    p.operations = static_cast<int>(between(random, 500, 900));
    p.registers = 3;
    p.hotRead = 0.4;
    p.thinkUs = 60'000;
    p.lostDisk = 1;
    p.nemesisPauseUs = 100'000;
    p.core.hintsMax = 2;
    p.core.repair.round = Milliseconds(4000);
    p.nuisances = {{MessageKind::Learn, 0.9, 0, 0, 0}};
}

/// Changes of the ring of which some nodes hear late, and go on as before [18].
void makeLateMaps(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = static_cast<int>(between(random, 3, 5));
    p.operations = static_cast<int>(between(random, 250, 400));
    p.registers = static_cast<int>(between(random, 3, 8));
    p.hotRead = 0.4;
    p.thinkUs = 30'000;
    p.ringChange = 10;
    p.nemesisPauseUs = between(random, 40'000, 150'000);
    p.core.hintsMax = 2;
    p.core.repair.round = Milliseconds(15'000);
    p.core.repair.lookAgain = Milliseconds(200);
    p.nuisances = {{MessageKind::Map, 0.3 + random.unit() * 0.5, 0, 0.7, between(random, 200'000, 2'000'000)},
                   {MessageKind::Learn, random.chance(0.5) ? 0.8 : 0, 0, 0, 0}};
    if (random.chance(0.3))
        p.nuisances.push_back({MessageKind::Write, 0.2, 0, 0, 0});
}

/// Sets of replicas that become smaller, with writes that reached a bare majority of the larger ones [20].
void makeShrinkingSets(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = static_cast<int>(between(random, 5, 6));
    p.replicas = 5;
    p.operations = static_cast<int>(between(random, 350, 500));
    p.registers = static_cast<int>(between(random, 5, 9));
    p.hotRead = 0.5;
    p.thinkUs = 40'000;
    p.ringChange = 10;
    p.resizeSets = true;
    p.nemesisPauseUs = between(random, 40'000, 120'000);
    p.core.hintsMax = 2;
    p.core.roundTimeout = betweenMs(random, 100, 300);
    p.core.repair.round = Milliseconds(15'000);
    p.core.repair.lookAgain = Milliseconds(200);
    p.nuisances = {{MessageKind::Write, 0.2 + random.unit() * 0.15, 0, 0, 0}, {MessageKind::Learn, 0.9, 0, 0, 0}};
}

/// Floors right after a takeover of which the home before hasn't heard, which then deletes [floor].
void makeQuietFloors(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = static_cast<int>(between(random, 3, 3));
    p.clients = static_cast<int>(between(random, 2, 4));
    p.registers = static_cast<int>(between(random, 3, 8));
    p.onePartition = true;
    p.operations = static_cast<int>(between(random, 300, 500));
    p.hotRead = 0.1;
    p.deleteShare = 0.35;
    p.thinkUs = 20'000;
    p.burstUs = between(random, 200'000, 500'000);
    p.silentTakeover = 10;
    p.chaseHomes = true;
    p.crash = random.chance(0.2) ? 1 : 0;
    p.nemesisPauseUs = between(random, 100'000, 300'000);
    p.core.handBackAfter = Milliseconds(3000);
    p.core.repair.floorPause = p.core.repair.floorInterval = betweenMs(random, 500, 2000);
    p.core.repair.upkeepPause = betweenMs(random, 1, 50);
    p.nuisances = {{MessageKind::Write, 0, 0, random.unit() * 0.5, 300'000}};
}

/// Sets that grow by more than they were, when what lives is older than their floors: those that come in are a majority by themselves, and have
/// nothing but what they copied [19].
void makeGrowingSets(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = 5;
    p.replicas = 2;
    p.clients = static_cast<int>(between(random, 4, 7));
    p.operations = static_cast<int>(between(random, 400, 600));
    p.registers = static_cast<int>(between(random, 5, 9));
    p.onePartition = true;
    p.hotRead = 0.6;
    p.deleteShare = 0.3;
    p.thinkUs = 100'000;
    p.ringChange = 10;
    p.resizeSets = true;
    p.nemesisPauseUs = between(random, 300'000, 900'000);
    p.core.repair.floorPause = p.core.repair.floorInterval = betweenMs(random, 50, 200);
    p.core.repair.upkeepPause = betweenMs(random, 1, 5);
    p.core.repair.round = Milliseconds(15'000);
    p.core.repair.lookAgain = Milliseconds(200);
}

/// Copies of which most sources haven't heard of the change, and go on for a while with what they had [18]. What they write meanwhile is on a minority of
/// those who remain, so nobody may look at it until the change is over: many keys, few requests.
void makeEarlyCopies(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = static_cast<int>(between(random, 4, 5));
    p.clients = static_cast<int>(between(random, 6, 8));
    p.operations = static_cast<int>(between(random, 700, 1000));
    p.registers = static_cast<int>(between(random, 20, 40));
    p.hotRead = 0.5;
    p.thinkUs = between(random, 40'000, 120'000);
    p.ringChange = 10;
    p.nemesisPauseUs = between(random, 500'000, 1'000'000);
    p.core.hintsMax = 1;
    p.core.repair.round = p.core.repair.lookAgain = Milliseconds(15'000);
    p.nuisances = {{MessageKind::Map, 0.6 + random.unit() * 0.3, 0, 1, between(random, 500'000, 3'000'000)}, {MessageKind::Learn, 0.9, 0, 0, 0}};
}

/// Half of the members leave at once, and the map that lets them go gets to few: whoever had it chosen must not be gone before somebody who stays
/// has it.
void makeExodus(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = 6;
    p.operations = static_cast<int>(between(random, 150, 300));
    p.thinkUs = 60'000;
    p.ringChange = 10;
    p.leaveTogether = true;
    p.nemesisPauseUs = between(random, 300'000, 600'000);
    p.nuisances = {{MessageKind::Map, 0.4 + random.unit() * 0.4, 0, random.unit() * 0.5, between(random, 200'000, 1'000'000)}};
}

/// Bits of values that flip on one node's disk and are read there before anybody writes the key again: most of the file is long values, no record stays
/// in memory, and most requests read. Of short values nearly all bits that flip are others': of the schema, of the map, of SQLite's own.
void makeFlippedBits(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = 3;
    p.operations = static_cast<int>(between(random, 400, 700));
    p.registers = static_cast<int>(between(random, 4, 9));
    p.valueBytes = static_cast<std::size_t>(between(random, 500, 3000));
    p.hotRead = 0.8;
    p.thinkUs = 60'000;
    p.bitFlip = 1;
    p.nemesisPauseUs = between(random, 40'000, 100'000);
    p.cacheBytes = 0;
    p.logBytes = 2'000;
    p.directBytes = random.chance(0.5) ? 100 : 8 * 1024;
    p.walPagesMax = random.chance(0.5) ? 5 : 4000;
}

/// Nodes that wait for promises to become home, while others name them as the home already [24]: homes that change all the time, promises that
/// are late, and coordinators that don't wait for long.
void makeEarlyNames(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = p.replicas = random.chance(0.7) ? 5 : 3;
    p.clients = static_cast<int>(between(random, 3, 7));
    p.registers = 1;
    p.counters = 1;
    p.operations = 400;
    p.hotRead = 0.1;
    p.thinkUs = between(random, 10'000, 60'000);
    p.needlessTakeover = 1;
    p.nemesisPauseUs = between(random, 40'000, 300'000);
    p.core.attemptTimeout = betweenMs(random, 50, 250);
    p.core.roundTimeout = betweenMs(random, 300, 900);
    const std::int64_t attemptUs = p.core.attemptTimeout.count() * 1000;
    p.nuisances = {{MessageKind::Promise, random.unit() * 0.2, 0, 0.3 + random.unit() * 0.6, 6 * attemptUs}};
}

/// Any world, but a process does several things before anything leaves it, as a real one does: requests, messages, what has become durable.
void makeLongTurns(Parameters& p, Random& random)
{
    p.turnUs = between(random, 200, random.chance(0.3) ? 20'000 : 3'000);
    p.thinkUs = std::min(p.thinkUs, between(random, 500, 8'000));
    p.clients = std::max(p.clients, static_cast<int>(between(random, 3, 8)));
    p.hotRead = 0.3 + random.unit() * 0.5;
}

/// A machine with too much to do.
void makeStarved(Parameters& p, Random& random)
{
    calmDown(p, random);
    p.nodes = static_cast<int>(between(random, 3, 5));
    p.clients = static_cast<int>(between(random, 4, 8));
    p.operations = static_cast<int>(between(random, 200, 400));
    p.registers = static_cast<int>(between(random, 1, 3));
    p.diskSlow = random.unit() * 0.5;
    p.core = Parameters().core;
    p.starve = static_cast<int>(between(random, 0, 5));
    p.starveAll = static_cast<int>(between(random, 1, 5));
    p.nemesisPauseUs = 300'000;
}

MessageKind anyKind(Random& random)
{
    return static_cast<MessageKind>(random.below(static_cast<std::uint64_t>(MessageKind::Other)));
}

/// Something against one or two kinds of messages, beside whatever else there is.
void makeNuisances(Parameters& p, Random& random)
{
    p.nuisances = {{anyKind(random), random.chance(0.5) ? random.unit() * 0.5 : 0, random.chance(0.3) ? random.unit() : 0, random.unit() * 0.7,
                    between(random, 30'000, 1'500'000)}};
    if (const MessageKind other = anyKind(random); other != p.nuisances.front().kind)
        p.nuisances.push_back({other, random.unit() * 0.3, 0, random.unit() * 0.3, between(random, 30'000, 300'000)});
}

struct Profile
{
    const char* name;
    int weight;
    void (*make)(Parameters&, Random&);
};

constexpr Profile profiles[] = {
    {"stuck requests", 2, makeStuckRequests},
    {"minority writes", 4, makeMinorityWrites},
    {"power cuts", 3, makePowerCuts},
    {"forgotten promises", 2, makeForgottenPromises},
    {"skewed clocks", 1, makeSkewedClocks},
    {"late answers", 3, makeLateAnswers},
    {"old disks", 2, makeOldDisks},
    {"late maps", 4, makeLateMaps},
    {"shrinking sets", 3, makeShrinkingSets},
    {"quiet floors", 2, makeQuietFloors},
    {"starved", 1, makeStarved},
    {"nuisances", 3, makeNuisances},
};

/// Drawn before the others, each with its share, from numbers of their own: so seeds keep their meaning but for those that become one of these.
constexpr struct
{
    double share;
    Profile profile;
} newerProfiles[] = {
    {0.06, {"growing sets", 1, makeGrowingSets}},
    {0.04, {"early copies", 1, makeEarlyCopies}},
    {0.04, {"exodus", 1, makeExodus}},
    {0.04, {"flipped bits", 1, makeFlippedBits}},
    {0.04, {"early names", 1, makeEarlyNames}},
    {0.08, {"long turns", 1, makeLongTurns}},
};

} // namespace

void makeProfile(Parameters& parameters, Random& random, Random& ofNewer)
{
    for (const auto& [share, profile] : newerProfiles) {
        if (!ofNewer.chance(share))
            continue;
        profile.make(parameters, ofNewer);
        parameters.profile = profile.name;
        return;
    }
    int total = 0;
    for (const Profile& profile : profiles)
        total += profile.weight;
    int drawn = static_cast<int>(random.below(static_cast<std::uint64_t>(total)));
    for (const Profile& profile : profiles) {
        if (drawn < profile.weight) {
            profile.make(parameters, random);
            parameters.profile = profile.name;
            return;
        }
        drawn -= profile.weight;
    }
}

} // namespace quoit::sim
