#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recommend/catalogue.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// One element of a row of C = X^T X.
struct cooccurrence {
  item_position item;
  std::uint32_t people;  // who have both items; 0 unless asked for
  std::uint64_t weight;  // sum over them of the product of their weights, squared quanta
};

// Rows of the co-occurrence matrix C = X^T X of preferences, exactly, as integers, one row at a time: a row costs as
// many additions as the people of its item have items, and the memory of one row. C itself is never held. Refers to the
// preferences and their columns, from which rows may be taken out between uses, but nothing added. Any number of
// threads, each with its own scratch.
class cooccurrence_rows {
 public:
  cooccurrence_rows(const preferences& rows, const preferences::columns& columns, bool count_people);

  struct scratch {
    std::vector<std::uint32_t> sums32;
    std::vector<std::uint64_t> sums64;
    std::vector<std::uint32_t> people;
    std::vector<item_position> touched;
    std::vector<cooccurrence> row;
  };

  // The elements of row i that are not 0, the diagonal among them, in no particular order; in the scratch until its
  // next use. gone: rows of the preferences that do not count, by position; empty: all count.
  std::span<const cooccurrence> row(item_position i, scratch& memory, const std::vector<bool>& gone = {}) const;

  // C_ii of every item, when this was made.
  const std::vector<std::uint64_t>& diagonal() const { return diagonal_; }

  static std::uint64_t scratch_bytes(std::uint32_t items) { return std::uint64_t{items} * (4 + 8 + 4 + 4 + 16); }

 private:
  template <class Sum, bool Weighted>
  std::span<const cooccurrence> sum_row(item_position i, std::vector<Sum>& sums, scratch& memory,
                                        const std::vector<bool>& gone) const;

  const preferences& rows_;
  const preferences::columns& columns_;
  bool count_people_;
  bool plain_;   // every weight is one quantum
  bool narrow_;  // every element fits 32 bits
  std::vector<std::uint64_t> diagonal_;
};

}  // namespace eunomia::recommend
