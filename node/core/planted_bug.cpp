#include "node/core/planted_bug.h"

#ifdef QUOIT_PLANTED_BUGS
namespace quoit {

PlantedBug plantedBug = PlantedBug::None;

} // namespace quoit
#endif
