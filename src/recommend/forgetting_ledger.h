#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/subject_handle.h"
#include "store/sql/database.h"

namespace eunomia::recommend {

// What one version of a model lost when somebody was forgotten.
struct forgotten_model {
  std::string name;  // of the recommender
  std::int64_t version = 0;
  std::string family;
  bool serving = false;
  std::uint64_t people = 0;  // of those asked, how many it held
  std::uint64_t pairs = 0;   // taken out
  std::string level;         // name_of(forgetting_level)
  double milliseconds = 0;
};
BOOST_DESCRIBE_STRUCT(forgotten_model, (), (name, version, family, serving, people, pairs, level, milliseconds))

struct erased_dataset {
  std::string name;
  std::uint64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(erased_dataset, (), (name, rows))

struct forgetting_report {
  std::vector<forgotten_model> models;  // every version that is kept
  std::vector<erased_dataset> datasets;
};
BOOST_DESCRIBE_STRUCT(forgetting_report, (), (models, datasets))

// A forgetting: durable from the moment that it is asked for. From then on nothing leads from the raw identifiers to
// the people, and no served model holds them; what is on the disk follows with finish().
struct forgetting_record {
  std::int64_t id = 0;
  std::int64_t requested_at = 0;  // UTC ms
  std::int64_t completed_at = 0;  // 0: not yet
  std::uint64_t people = 0;
  forgetting_report report;  // when completed, of all requests that were finished together
};

// The requests to forget, durable, and whom models may still hold: the people of requests that wait, and those whose
// request waited when a training that is under way began, or came since. A request is the row's handles until the disk
// is done; the row stays, without them. Any thread.
class forgetting_ledger {
 public:
  // The database must have the table recommend_forgetting, and outlive the ledger.
  explicit forgetting_ledger(store::sql::database& sql);

  // Keeps a request in one transaction with what else belongs to it. Who asks whom models may hold knows of its people
  // from before the commit on. gone: sorted, each once.
  forgetting_record add(std::span<const core::subject_handle> gone,
                        const std::function<void(store::sql::transaction&)>& with);

  struct requests {
    std::vector<std::int64_t> ids;
    std::vector<core::subject_handle> people;  // of all, sorted, each once
  };
  requests waiting() const;
  // Their people are gone from everything else: their handles leave the table (but are in SQLite's log, until a
  // checkpoint), and the report stays. They still wait.
  void drop_handles(const requests& done, const forgetting_report& report);
  // Everything is done.
  void complete(const requests& done);

  // When the oldest came that waits, UTC ms.
  std::optional<std::int64_t> wait_since() const;
  // Throws errc::not_found.
  forgetting_record find(std::int64_t id) const;

  // Whom a model that was trained or loaded may hold, and must not: sorted, each once.
  std::vector<core::subject_handle> whom_models_may_hold() const;
  // A training takes one before it reads the first row.
  class training {
   public:
    explicit training(forgetting_ledger& in);
    ~training();
    training(const training&) = delete;
    training& operator=(const training&) = delete;

   private:
    forgetting_ledger& in_;
  };

 private:
  void expect(std::span<const core::subject_handle> gone);
  void expect_no_more(std::span<const core::subject_handle> gone);

  store::sql::database& sql_;
  mutable std::mutex mutex_;                                // of what follows
  std::vector<core::subject_handle> waiting_;               // of requests that are not completed
  std::vector<core::subject_handle> since_training_began_;  // as trainings may have read their rows
  std::size_t trainings_ = 0;
};

void sort_and_unite(std::vector<core::subject_handle>& handles);

}  // namespace eunomia::recommend
