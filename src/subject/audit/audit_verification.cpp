#include "subject/audit/audit_verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/hash.h"
#include "core/time.h"
#include "subject/audit/audit_chain.h"
#include "subject/audit/audit_tables.h"

// One walk over the entries in order, and beside it, merged by sequence, the checkpoints and the anchors: each names an
// entry and the hash that it had. All of it within one snapshot of the database, page by page.
namespace eunomia::subject::audit_verification {

namespace sql = store::sql;
using audit_tables::log_head;
using audit_tables::refuse;

namespace {

constexpr std::size_t page_rows = 1000;

std::string time_text(std::int64_t ms) {
  try {
    return core::format_iso8601(ms);
  } catch (const core::error&) {
    return fmt::format("{} ms", ms);  // the row was altered
  }
}

// "audit entry 7 is missing", "audit entries 7 to 9 are missing".
std::string missing(std::int64_t first, std::int64_t last) {
  return first == last ? fmt::format("audit entry {} is missing", first)
                       : fmt::format("audit entries {} to {} are missing", first, last);
}

// Calls visit for every entry behind start, each found to follow from the one before; the last of them.
audit_position walk(sql::connection& in, const audit_position& start,
                    const std::function<void(const audit_position&)>& visit) {
  audit_position at = start;
  // From the beginning, entries that count from below 1 are met too.
  std::int64_t from = start.sequence == 0 ? INT64_MIN : start.sequence + 1;
  for (;;) {
    const std::vector<recorded_audit_entry> page = audit_tables::read_entries(in, from, page_rows);
    for (const recorded_audit_entry& entry : page) {
      const std::int64_t expected = at.sequence + 1;
      if (entry.sequence < expected) {
        refuse(fmt::format("audit entry {} was inserted: the log begins with entry 1", entry.sequence));
      }
      if (entry.sequence > expected) {
        refuse(missing(expected, entry.sequence - 1));
      }
      at.hash = audit_chain::hash_of(
          at.hash, {entry.sequence, entry.at_ms, entry.actor, entry.action, entry.subject, entry.details});
      if (at.hash != entry.hash) {
        refuse(fmt::format("audit entry {}: its contents are not those that were recorded (hash differs)", expected));
      }
      at.sequence = expected;
      visit(at);
    }
    if (page.size() < page_rows) {
      return at;
    }
    from = at.sequence + 1;
  }
}

// What the head says must be where the walk ended.
void check_head(const log_head& head, const audit_position& end) {
  if (head.at.sequence > end.sequence) {
    refuse(fmt::format("{}: the head of the audit log names entry {}, yet the last is {}",
                       missing(end.sequence + 1, head.at.sequence), head.at.sequence, end.sequence));
  }
  if (head.at.sequence < end.sequence) {
    refuse(
        fmt::format("the head of the audit log names entry {}, yet the last is {}: the head was changed, or "
                    "entries were added without it",
                    head.at.sequence, end.sequence));
  }
  if (head.at.hash != end.hash) {
    refuse(
        fmt::format("the head of the audit log has another hash than entry {}: the head was changed, or the "
                    "entries before it were rewritten",
                    end.sequence));
  }
}

// All checkpoints in order, a page at a time, their signatures verified as they are met.
class signed_positions {
 public:
  signed_positions(sql::connection& in, const core::digest128& log_id, std::span<const core::public_key> keys)
      : in_(in), log_id_(log_id), keys_(keys) {
    for (const core::public_key& key : keys) {
      ids_.push_back(key.id());
    }
    read_page();
  }

  // Holds all checkpoints of entries up to this one against it.
  void meet(const audit_position& entry) {
    while (next_ < page_.size() && page_[next_].at.sequence <= entry.sequence) {
      check(page_[next_], entry);
      last_ = page_[next_].at.sequence;
      last_at_ms_ = page_[next_].signed_at_ms;
      ++count_;
      if (++next_ == page_.size()) {
        read_page();
      }
    }
  }

  void end(const audit_position& last) const {
    if (next_ < page_.size()) {
      const audit_checkpoint& beyond = page_[next_];
      refuse(fmt::format("{}: the checkpoint of {} signed entry {}, yet the last is {}",
                         missing(last.sequence + 1, beyond.at.sequence), time_text(beyond.signed_at_ms),
                         beyond.at.sequence, last.sequence));
    }
  }

  std::int64_t count() const { return count_; }
  std::int64_t last() const { return last_; }
  std::int64_t last_at_ms() const { return last_at_ms_; }

 private:
  void read_page() {
    page_ = page_.empty()
                ? audit_tables::read_checkpoints(in_, INT64_MIN, "", page_rows)
                : audit_tables::read_checkpoints(in_, page_.back().at.sequence, page_.back().key_id, page_rows);
    next_ = 0;
  }

  void check(const audit_checkpoint& made, const audit_position& entry) const {
    const std::string name =
        fmt::format("the checkpoint of audit entry {} of {}", made.at.sequence, time_text(made.signed_at_ms));
    const auto key = std::find(ids_.begin(), ids_.end(), made.key_id);
    if (key == ids_.end()) {
      refuse(
          fmt::format("{} is signed with a key of another id ({}) than those given ({}): give that public key too, "
                      "or somebody else signed",
                      name, made.key_id, fmt::join(ids_, ", ")));
    }
    if (!core::verify(keys_[static_cast<std::size_t>(key - ids_.begin())],
                      audit_chain::checkpoint_message(log_id_, made.at.sequence, made.at.hash, made.signed_at_ms),
                      made.signature)) {
      refuse(fmt::format("{}: its signature is not that of the key {}", name, made.key_id));
    }
    if (made.at.sequence != entry.sequence) {
      refuse(fmt::format("{} names an entry that there cannot be", name));
    }
    if (made.at.hash != entry.hash) {
      refuse(fmt::format("audit entry {} is not the one that was signed on {}: the log was rewritten up to it",
                         entry.sequence, time_text(made.signed_at_ms)));
    }
  }

  sql::connection& in_;
  const core::digest128 log_id_;
  const std::span<const core::public_key> keys_;
  std::vector<std::string> ids_;
  std::vector<audit_checkpoint> page_;
  std::size_t next_ = 0;
  std::int64_t count_ = 0;
  std::int64_t last_ = 0;
  std::int64_t last_at_ms_ = 0;
};

class known_positions {
 public:
  explicit known_positions(std::span<const audit_anchor> anchors) : sorted_(anchors.begin(), anchors.end()) {
    std::stable_sort(sorted_.begin(), sorted_.end(),
                     [](const audit_anchor& a, const audit_anchor& b) { return a.at.sequence < b.at.sequence; });
  }

  void meet(const audit_position& entry) {
    for (; next_ < sorted_.size() && sorted_[next_].at.sequence <= entry.sequence; ++next_) {
      if (sorted_[next_].at != entry) {
        refuse(fmt::format("audit entry {} is not the one that {} names: the log was rewritten up to it",
                           sorted_[next_].at.sequence, sorted_[next_].source));
      }
    }
  }

  void end(const audit_position& last) const {
    if (next_ < sorted_.size()) {
      const audit_anchor& beyond = sorted_[next_];
      refuse(fmt::format("{}: {} names entry {}, yet the last is {}", missing(last.sequence + 1, beyond.at.sequence),
                         beyond.source, beyond.at.sequence, last.sequence));
    }
  }

 private:
  std::vector<audit_anchor> sorted_;
  std::size_t next_ = 0;
};

}  // namespace

audit_report verify(sql::connection& in, std::span<const core::public_key> keys, std::span<const audit_anchor> anchors,
                    core::job& job) {
  const log_head head = audit_tables::read_head(in);
  const auto total = static_cast<std::uint64_t>(std::max<std::int64_t>(head.at.sequence, 0));
  const audit_position start{0, audit_chain::hash_of_empty_log(head.log_id)};
  signed_positions checkpoints(in, head.log_id, keys);
  known_positions known(anchors);
  checkpoints.meet(start);
  known.meet(start);
  const audit_position end = walk(in, start, [&](const audit_position& at) {
    checkpoints.meet(at);
    known.meet(at);
    if (at.sequence % static_cast<std::int64_t>(page_rows) == 0) {
      job.check();
      job.report("audit entries", static_cast<std::uint64_t>(at.sequence), total);
    }
  });
  checkpoints.end(end);
  known.end(end);
  check_head(head, end);
  job.report("audit entries", total, total);
  return {core::to_hex(head.log_id),
          end.sequence,
          end.hash,
          checkpoints.count(),
          checkpoints.last(),
          checkpoints.last_at_ms(),
          end.sequence - checkpoints.last()};
}

audit_position verified_head(sql::connection& in, const core::public_key& key) {
  const log_head head = audit_tables::read_head(in);
  audit_position start{0, audit_chain::hash_of_empty_log(head.log_id)};
  if (const auto newest = audit_tables::newest_checkpoint(in, key.id())) {
    if (!core::verify(
            key,
            audit_chain::checkpoint_message(head.log_id, newest->at.sequence, newest->at.hash, newest->signed_at_ms),
            newest->signature)) {
      refuse(fmt::format("the checkpoint of audit entry {}: its signature is not that of the key {}",
                         newest->at.sequence, newest->key_id));
    }
    start = newest->at;
  }
  const audit_position end = walk(in, start, [](const audit_position&) {});
  check_head(head, end);
  return end;
}

}  // namespace eunomia::subject::audit_verification
