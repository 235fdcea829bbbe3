#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "recommend/dataset.h"
#include "recommend/metadata_record.h"

namespace eunomia::recommend {

// Records that somebody puts.
struct put_order {
  std::span<const metadata_record> rows;                  // checked
  const std::vector<metadata_column>* columns = nullptr;  // of the table, as who puts knows them
  put_report report = {};

  std::exception_ptr problem = nullptr;
  bool done = false;
};

// Records of one kind that several threads put at the same time, stored by one of them together: a commit, and a part
// for each bucket, for all of them. What is put first is stored first. Any thread.
class put_queue {
 public:
  // Stores the rows of some orders and fills their reports.
  using store = std::function<void(std::span<put_order* const>)>;
  static constexpr std::size_t most_rows_together = 10'000;

  // Returns once the order is stored, with others or by itself: the failure of one that is stored with others is its
  // own. Throws what storing it threw.
  void put(put_order& mine, const store& together);

  // How many commits there were since joined() was called last, and when the first of them was, UTC ms.
  struct unjoined {
    std::uint64_t commits = 0;
    std::int64_t since = 0;
  };
  unjoined waiting() const;
  void joined();

 private:
  std::vector<put_order*> next_group();
  void run(std::span<put_order* const> group, const store& together);

  mutable std::mutex mutex_;
  std::condition_variable done_;
  bool busy_ = false;
  std::vector<put_order*> waiting_;
  unjoined unjoined_;
};

}  // namespace eunomia::recommend
