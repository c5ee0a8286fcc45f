// console/cluster/history_codec.h - the figures of one moment, as the history's file keeps them. Pure.
// A blob lists the nodes (noNode: the cluster), each as
//   node u32 | number of figures n u7, whether floats are packed u1 | n codes of 2 bits, four a byte, the first lowest |
//   floats of 4 bytes, or packed of 3 (without the lowest 8 bits of the fraction); all little endian.
// Code 0: nobody told; 1: zero; 2: one float, smallest and largest are the same; 3: two floats.
#pragma once

#include "shared/base/ids.h"

#include <QByteArray>

#include <optional>
#include <vector>

namespace quoit {

/// What one node told in one step: the smallest and the largest of each figure, by its place in the file. NaN: nobody told.
struct StepFigures
{
    NodeId node = noNode;
    std::vector<float> low; // [places]
    std::vector<float> high;
};

/// Figures of one node have at most so many places.
inline constexpr std::size_t figurePlacesMax = 127;

/// Makes low … high hold otherLow … otherHigh as well.
void widen(float& low, float& high, float otherLow, float otherHigh);
/// The same for all figures, also where one has more of them.
void widen(StepFigures& figures, const StepFigures& other);

/// @param isPacked five digits are enough
QByteArray encodedFigures(const std::vector<StepFigures>& all, bool isPacked);
/// @return nothing: the bytes don't decode
std::optional<std::vector<StepFigures>> decodedFigures(QByteArrayView bytes);

} // namespace quoit
