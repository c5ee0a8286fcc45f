#include "tests/sim/parameters.h"

#include "shared/base/random.h"
#include "tests/sim/profiles.h"

#include <sstream>

namespace quoit::sim {

namespace {

Milliseconds drawMs(Random& random, std::int64_t low, std::int64_t high)
{
    return Milliseconds(low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1))));
}

int drawInt(Random& random, int low, int high)
{
    return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

/// A weight that is zero unless luck has it.
int weight(Random& random, double probability, int most)
{
    const bool there = random.chance(probability);
    const int drawn = drawInt(random, 1, most);
    return there ? drawn : 0;
}

void drawNetwork(Parameters& p, Random& random)
{
    p.loss = random.chance(0.4) ? 0 : random.unit() * 0.2;
    p.doubling = random.chance(0.5) ? 0 : random.unit() * 0.3;
    p.slow = random.unit() * 0.3;
    p.verySlow = random.chance(0.5) ? 0.002 : random.unit() * 0.08;
    p.veryLate = random.chance(0.7) ? 0 : random.unit() * 0.03;
}

void drawFaults(Parameters& p, Random& random)
{
    p.nemesisPauseUs = random.chance(0.2) ? 15'000 : 60'000 + static_cast<std::int64_t>(random.below(300'000));
    p.crash = weight(random, 0.5, 10);
    p.crashInTurn = weight(random, 0.4, 10);
    p.crashInCommit = weight(random, 0.4, 10);
    p.crashMany = weight(random, 0.25, 4);
    p.crashTwice = weight(random, 0.3, 8);
    p.pause = weight(random, 0.4, 10);
    p.pauseMaxUs = random.chance(0.05) ? 90'000'000 : random.chance(0.3) ? 8'000'000 : 1'500'000;
    p.cut = weight(random, 0.4, 10);
    p.partition = weight(random, 0.3, 6);
    p.clog = weight(random, 0.3, 6);
    p.disconnect = weight(random, 0.4, 10);
    p.needlessTakeover = weight(random, 0.6, 25);
    p.silentTakeover = weight(random, 0.4, 15);
    if (random.chance(0.2)) {
        p.clockJump = drawInt(random, 1, 8);
        p.clockJumpMaxMs = random.chance(0.5) ? 300'000 : 500;
        p.clockDrift = random.unit() * 0.01;
    }
    p.diskSlow = random.chance(0.5) ? 0.02 : random.unit() * 0.3;
    p.diskStall = weight(random, 0.3, 10);
    p.diskFull = weight(random, 0.15, 5);
    p.fsyncError = weight(random, 0.15, 5);
}

void drawOptions(Parameters& p, Random& random)
{
    p.core.requestDeadline = drawMs(random, 1500, 6000);
    p.core.attemptTimeout = random.chance(0.3) ? drawMs(random, 20, 150) : drawMs(random, 150, 1400);
    p.core.roundTimeout = drawMs(random, 150, 800);
    p.core.readHedge = drawMs(random, 5, 200);
    p.core.handBackAfter = drawMs(random, 200, 3000);
    p.core.memoryRetention = drawMs(random, 7000, 60000);
    p.core.memoryOperationsMax = random.chance(0.2) ? 20 + random.below(50) : 100'000;
    p.core.bindingLifetime = drawMs(random, 500, 5000);
    p.core.hintsMax = random.chance(0.3) ? 2 : 1000;
    p.cacheBytes = random.chance(0.3) ? 0 : 1 << 20;
    p.logBytes = random.chance(0.5) ? 2'000 : 1 << 20;
    p.walPagesMax = random.chance(0.4) ? 5 : 4000;
}

/// So that the values of a run are large ones, which wait for their turns.
void drawTurns(CoreOptions& options, Random& random)
{
    if (random.chance(0.3))
        options.valueAheadMax = random.below(8);
    if (random.chance(0.5))
        options.fetchBytesMax = 1 + random.below(40);
    if (random.chance(0.2))
        options.writeBytesMax = 10 + random.below(100);
}

/// So that the few keys of a run are more than are looked at, or buried, at once.
void drawExpiry(ExpiryOptions& options, Random& random)
{
    if (random.chance(0.5))
        options.atOnceMax = 1 + random.below(3);
    if (random.chance(0.5))
        options.perLookMin = 1 + random.below(3);
    if (random.chance(0.5))
        options.pausePerKey = drawMs(random, 1, 60);
}

void drawRepair(RepairOptions& options, Random& random)
{
    options.round = random.chance(0.3) ? drawMs(random, 100, 300) : drawMs(random, 300, 4000);
    options.lookAgain = random.chance(0.4) ? 0ms : drawMs(random, 5, 200);
    options.keysPerSecond = random.chance(0.3) ? 10 : 1000;
    options.floorPause = random.chance(0.4) ? 50ms : drawMs(random, 50, 1000);
    options.floorInterval = options.floorPause + drawMs(random, 0, 2000);
    options.upkeepPause = random.chance(0.3) ? drawMs(random, 1, 100) : drawMs(random, 1, 5);
    options.pageRecords = random.chance(0.5) ? 1 : 250;
}

/// One key, many who want it, and homes that hardly finish anything.
void makeContended(Parameters& p, Random& random)
{
    p.registers = 1;
    p.sets = p.counters = p.stableKeys = 0;
    p.clients = drawInt(random, 4, 8);
    p.needlessTakeover = 25;
    p.nemesisPauseUs = drawInt(random, 5'000, 30'000);
    p.loss = 0.1 + random.unit() * 0.25;
    p.slow = 0.2 + random.unit() * 0.3;
    p.verySlow = random.chance(0.5) ? 0.002 : 0.02 + random.unit() * 0.1;
    p.core.attemptTimeout = drawMs(random, 20, 150);
    p.pauseMaxUs = 400'000;
}

/// A lost disk: a promise only while the others remember it, so that nothing else happens to them.
void makeDiskLoss(Parameters& p)
{
    p.loss = p.veryLate = p.verySlow = 0;
    p.crash = p.crashInTurn = p.crashInCommit = p.crashMany = p.crashTwice = p.pause = p.cut = p.partition = p.clog = p.disconnect = p.silentTakeover = 0;
    p.diskStall = p.diskFull = p.fsyncError = p.bitFlip = 0;
    p.lostDisk = 5;
    p.needlessTakeover = 5;
}

void makeOneAtATime(Parameters& p)
{
    const Parameters defaults;
    p.loss = p.veryLate = p.verySlow = p.slow = 0;
    p.crashInTurn = p.crashInCommit = p.crashMany = p.crashTwice = p.pause = p.cut = p.partition = p.clog = p.disconnect = 0;
    p.silentTakeover = p.needlessTakeover = p.clockJump = p.diskStall = p.diskFull = p.fsyncError = p.bitFlip = p.lostDisk = 0;
    p.crash = 1;
    p.nemesisPauseUs = 2'500'000;
    p.operations = 2500;
    p.thinkUs = 60'000;
    p.diskSlow = 0.02;
    p.core = defaults.core;
    p.oneAtATime = true;
}

void makeCalm(Parameters& p, Random& random)
{
    Parameters calm;
    p.loss = p.veryLate = 0;
    p.verySlow = 0;
    p.crash = p.crashInTurn = p.crashInCommit = p.crashMany = p.crashTwice = p.pause = p.cut = p.partition = p.clog = p.disconnect = p.silentTakeover = 0;
    p.diskStall = p.diskFull = p.fsyncError = p.bitFlip = p.lostDisk = 0;
    p.core = calm.core;
    p.nemesisPauseUs = 1'000'000;
    if (random.chance(0.5))
        p.needlessTakeover = 0;
}

/// Homes that are the last to hear that they are deposed, asked about one key.
void makeUninformed(Parameters& p, Random& random)
{
    p.registers = 1;
    p.sets = p.counters = p.stableKeys = 0;
    p.clients = drawInt(random, 6, 8);
    p.thinkUs = 3000;
    p.hotRead = 0.4;
    p.byHome = 0.9;
    p.ttlShare = 0;
    p.crash = p.crashInTurn = p.crashInCommit = p.crashMany = p.crashTwice = p.pause = p.cut = p.partition = p.clog = p.disconnect = 0;
    p.diskStall = p.diskFull = p.fsyncError = p.bitFlip = p.needlessTakeover = 0;
    p.silentTakeover = 1;
    p.nemesisPauseUs = drawInt(random, 5'000, 30'000);
    p.loss = p.veryLate = 0;
    p.slow = 0.2 + random.unit() * 0.4;
    p.verySlow = 0.02 + random.unit() * 0.06;
    p.core.attemptTimeout = drawMs(random, 300, 1400);
    p.core.roundTimeout = drawMs(random, 400, 800);
}

/// One change of the ring after the other.
void makeChanging(Parameters& p, Random& random)
{
    p.nodes = drawInt(random, 3, 5);
    p.replicas = 3;
    p.ringChange = 40;
    p.nemesisPauseUs = drawInt(random, 20'000, 200'000);
    p.operations = drawInt(random, 200, 500);
    p.thinkUs = 60'000;
    p.pauseMaxUs = 1'500'000;
    p.lostDisk = p.fsyncError = p.diskFull = p.bitFlip = 0;
    p.cut = weight(random, 0.7, 15);
    p.loss = random.chance(0.5) ? 0 : random.unit() * 0.15;
}

/// Nodes that leave while they have much to answer.
void makeLeaving(Parameters& p, Random& random)
{
    p.nodes = drawInt(random, 4, 7);
    p.replicas = 3;
    p.clients = 7;
    p.operations = drawInt(random, 300, 600);
    p.thinkUs = 5000;
    p.byHome = 0.2;
    p.slow = 0.3 + random.unit() * 0.4;
    p.ringChange = 40;
    p.nemesisPauseUs = drawInt(random, 100'000, 300'000);
}

/// Nodes that may hold only a few of the keys.
void makeNarrow(Parameters& p, Random& random)
{
    p.registers = drawInt(random, 4, 9);
    p.sets = p.counters = p.stableKeys = 0;
    p.operations = drawInt(random, 150, 400);
    p.thinkUs = random.chance(0.5) ? 60'000 : 15'000;
    p.ttlShare = random.chance(0.5) ? 0.5 : 0;
    constexpr std::uint64_t recordBytes = keyOverheadBytes + 8;
    p.core.room.bytesMax = recordBytes * (1 + random.below(static_cast<std::uint64_t>(p.registers)));
    p.core.room.policy = allEvictionPolicies[random.below(std::size(allEvictionPolicies))];
}

} // namespace

Parameters Parameters::draw(std::uint64_t seed)
{
    Parameters p = drawOrdinary(seed);
    Random ofTurns(seed * 86'028'121 + 11);
    drawTurns(p.core, ofTurns);
    Random ofExpiry(seed * 67'867'967 + 25);
    drawExpiry(p.core.expiry, ofExpiry);
    if (Random ofLarge(seed * 32'452'843 + 19); ofLarge.chance(0.5))
        p.directBytes = 1 + ofLarge.below(8); // values are short here
    Random ofProfile(seed * 32'452'843 + 11); // by itself: seeds keep their meaning
    Random ofNewerProfile(seed * 32'452'843 + 31);
    if (!p.calm() && !p.oneAtATime && ofProfile.chance(0.5))
        makeProfile(p, ofProfile, ofNewerProfile);
    else if (Random ofRoom(seed * 32'452'843 + 15); !p.oneAtATime && ofRoom.chance(0.2))
        makeNarrow(p, ofRoom);
    p.hearsTraffic = Random(seed * 32'452'843 + 29).chance(0.5);
    p.strains = Random(seed * 32'452'843 + 27).chance(0.3);
    p.core.mapFanOut = 1 + seed % 4;
    // Where no request may fail, retries have to be known; elsewhere floors that come early meet more.
    p.core.repair.floorAfter = p.calm() || seed % 4 == 0 ? p.core.requestDeadline : 0ms;
    if (Random ofDisks(seed * 32'452'843 + 23); p.diskFull > 0 && ofDisks.chance(0.5))
        p.diskShort = 1 + static_cast<int>(ofDisks.below(6));
    return p;
}

Parameters Parameters::drawOrdinary(std::uint64_t seed)
{
    Parameters p = drawWithoutRing(seed);
    Random repairRandom(seed * 15'485'863 + 7);
    drawRepair(p.core.repair, repairRandom);
    Random random(seed * 104'729 + 3); // by itself: seeds keep their meaning
    if (p.oneAtATime)
        return p;
    p.ringChange = weight(random, 0.35, 15);
    if (random.chance(0.12))
        makeChanging(p, random);
    if (p.calm() && p.ringChange > 0) { // a change alone lets no request fail
        p.needlessTakeover = 0;
        const RepairOptions repair = p.core.repair;
        p.core = Parameters().core;
        p.core.repair = repair;
        if (Random ofLeaving(seed * 49'979'687 + 9); ofLeaving.chance(0.5)) // requests that take long, so that some are under way when a node leaves
            makeLeaving(p, ofLeaving);
    }
    Random ofRemovals(seed * 49'979'687 + 5);
    if (!p.calm() && p.ringChange > 0 && ofRemovals.chance(0.15))
        p.core.autoRemoveAfter = drawMs(ofRemovals, 1000, 8000);
    p.core.autoReplace = p.ringChange > 0 && p.bitFlip + p.lostDisk > 0 && ofRemovals.chance(0.6);
    if (!p.calm()) // many changes within a short run
        p.core.changeTakes = drawMs(random, 0, random.chance(0.5) ? 100 : 2000);
    return p;
}

Parameters Parameters::drawWithoutRing(std::uint64_t seed)
{
    Random random(seed * 7919 + 17);
    Parameters p;
    p.nodes = random.chance(0.5) ? 3 : drawInt(random, 4, 7);
    p.replicas = p.nodes >= 5 && random.chance(0.3) ? 5 : 3;
    p.clients = drawInt(random, 2, 7);
    p.operations = drawInt(random, 60, 300);
    p.registers = drawInt(random, 1, 3);
    p.sets = random.chance(0.3) ? 1 : 0;
    p.counters = random.chance(0.3) ? 1 : 0;
    p.stableKeys = random.chance(0.2) ? 6 : 0;
    p.hotRead = random.unit() * 0.6;
    p.byHome = random.chance(0.5) ? 0.05 : 0.5;
    p.ttlShare = random.chance(0.3) ? 0.3 : 0;
    drawOptions(p, random);
    drawNetwork(p, random);
    drawFaults(p, random);
    Random ofBits(seed * 104'729 + 31); // so that the seeds without this fault are what they were before there was any
    p.bitFlip = weight(ofBits, 0.2, 5);
    if (random.chance(0.15))
        makeContended(p, random);
    if (random.chance(0.06))
        makeDiskLoss(p);
    if (random.chance(0.06)) {
        makeOneAtATime(p);
        return p;
    }
    if (random.chance(0.06))
        makeCalm(p, random);
    if (!p.calm() && p.lostDisk == 0 && random.chance(0.06))
        makeUninformed(p, random);
    return p;
}

bool Parameters::calm() const
{
    return loss == 0 && veryLate == 0 && verySlow == 0 &&
           crash + crashInTurn + crashInCommit + crashMany + crashTwice + pause + cut + partition + clog + disconnect + silentTakeover + diskStall + diskFull + diskShort +
                   fsyncError + bitFlip + lostDisk + starve + starveAll + forgottenPromise ==
               0 &&
           nuisances.empty() && *profile == '\0';
}

std::int64_t Parameters::clockErrorMs() const
{
    // A run lasts at most a few virtual minutes.
    return (clockJump == 0 ? 0 : 2 * clockJumpMaxMs) + static_cast<std::int64_t>(clockDrift * 2 * 600'000);
}

std::string Parameters::toText() const
{
    std::ostringstream text;
    text << (*profile ? profile : "ordinary") << ": " << nodes << " nodes, " << replicas << " replicas, " << clients << " clients, " << operations << " operations";
    const std::pair<const char*, double> strengths[] = {
        {"loss", loss},         {"doubling", doubling},   {"very slow", verySlow},   {"very late", veryLate}, {"crash", crash},
        {"in turn", crashInTurn}, {"in commit", crashInCommit}, {"many", crashMany}, {"twice", crashTwice},   {"pause", pause},
        {"cut", cut},           {"partition", partition}, {"clog", clog},            {"disconnect", disconnect},
        {"takeover", needlessTakeover}, {"silent takeover", silentTakeover}, {"ring", ringChange}, {"strains", strains}, {"clock", clockJump}, {"forgotten promise", forgottenPromise}, {"starve", starve}, {"starve all", starveAll}, {"stall", diskStall}, {"full", diskFull}, {"short", diskShort},    {"fsync error", fsyncError},
        {"flip", bitFlip},      {"lost disk", lostDisk},  {"ttl", ttlShare},       {"turn us", static_cast<double>(turnUs)}, {"value bytes", static_cast<double>(valueBytes)}, {"room", static_cast<double>(core.room.bytesMax)},
    };
    for (const auto& [name, strength] : strengths)
        if (strength > 0)
            text << ", " << name << " " << strength;
    return text.str();
}

} // namespace quoit::sim
