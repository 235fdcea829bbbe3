#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/published.h"
#include "core/purpose.h"
#include "recommend/answer.h"
#include "recommend/dataset.h"
#include "recommend/forgetting_ledger.h"
#include "recommend/model_registry.h"
#include "recommend/recommender_definitions.h"
#include "store/sql/database.h"
#include "subject/directory.h"
#include "subject/purpose/purposes.h"

namespace eunomia::recommend {

class training_session;

// A version that answers: immutable but for the scorer, which forgetting replaces. Any thread.
class served_model {
 public:
  served_model(model_record record, std::shared_ptr<model> answers);

  const model_record& record() const { return record_; }
  std::shared_ptr<const scorer> current() const { return model_->current(); }
  const model& trained() const { return *model_; }
  // The other is the same version, whatever either has forgotten since.
  bool same_training(const served_model& other) const { return model_ == other.model_; }
  const weighting& how() const { return how_; }
  // Items of the catalogue that nobody had an interaction with when it was trained.
  const item_set& new_items() const { return new_items_; }

 private:
  friend class recommenders;
  model_record record_;
  std::shared_ptr<model> model_;
  weighting how_;
  item_set new_items_;
};

// The recommenders of a data directory: defined, trained, served, made to forget. Any number of threads ask served();
// one at a time trains a recommender; forgetting goes on beside both.
class recommenders {
 public:
  // Brings the schema of this room up to date. All must outlive it.
  recommenders(store::sql::database& sql, datasets& data, model_registry& models, subject::durable_directory& people,
               subject::purposes& purposes);
  ~recommenders();

  // Throws errc::already_exists; errc::not_found for a dataset that is not there; errc::invalid_argument for a family,
  // parameters or a policy that cannot be.
  recommender_record create(recommender_record wanted);
  // Changes what it learns, when and how many versions stay; not its dataset. Throws errc::not_found.
  recommender_record update(recommender_record wanted);
  // Throws errc::not_found with the names there are.
  recommender_record find(std::string_view name) const;
  std::vector<recommender_record> list() const;
  // With all its versions. Throws errc::not_found.
  void remove(std::string_view name);
  std::vector<model_record> versions(std::string_view name) const { return models_.versions(name); }

  // Loads the version that answers; forgets first whom it is to forget. Throws errc::failed_precondition when none is
  // trained.
  std::shared_ptr<const served_model> load(std::string_view name, const training_context& context);
  // Loads all that are trained. One that cannot be loaded is logged, and the others go on.
  void load_all(const training_context& context);
  // From here until load_all() has ended, what is not loaded is only not loaded yet.
  void expect_load_all() { loading_ = true; }
  // Throws errc::not_found when there is no such recommender, errc::failed_precondition when it is not loaded,
  // errc::unavailable while it may still be loaded.
  std::shared_ptr<const served_model> served(std::string_view name) const;

  // Trains anew, keeps it as the next version, and serves it; the old version answers until then, and after a failure,
  // which is kept in the record. People forgotten meanwhile are taken out before anything is kept.
  model_record train(std::string_view name, const core::purpose& why, const training_context& context);
  // The same with what was loaded before, for who wants to look at the choice first.
  model_record train(std::string_view name, const training_session& session, const training_context& context);
  // Another version answers from now on.
  model_record serve(std::string_view name, std::int64_t version, const training_context& context);
  // The recommenders that their policy wants to be trained now.
  std::vector<std::string> due() const;

  // Forgets people in every served model, and keeps the request, in one transaction with taking their identifiers out
  // of the directory; finish() does the rest. The answer tells what the served models lost.
  std::pair<forgetting_record, std::vector<forgotten_model>> begin_forgetting(
      std::span<const core::subject_handle> wanted, const training_context& context);
  // Called with whom begin_forgetting() is about to forget, before anything of it is kept; what it throws comes out of
  // begin_forgetting(). Before other threads use this.
  void before_forgetting(std::function<void(std::span<const core::subject_handle>)> told) {
    before_forgetting_ = std::move(told);
  }
  // Takes the people of every request that waits out of what is on the disk: every version of every model, every
  // dataset, SQLite's log. May be run again after a kill at any moment. Nothing when no request waits.
  std::optional<forgetting_report> finish_forgettings(const training_context& context);
  bool forgettings_wait() const { return forgettings_wait_since().has_value(); }
  // When the oldest request came that finish_forgettings() has not seen to, UTC ms.
  std::optional<std::int64_t> forgettings_wait_since() const { return ledger_.wait_since(); }
  // Throws errc::not_found.
  forgetting_record forgetting(std::int64_t id) const { return ledger_.find(id); }

  // Makes served models that only updated themselves bit-identical with a retrain, and saves them. Returns how many.
  std::size_t rederive(const training_context& context);
  // Since when there has been one that rederive() would change, UTC ms.
  std::optional<std::int64_t> rounded_since() const;

 private:
  struct slot;

  std::shared_ptr<slot> slot_of(std::string_view name);
  std::vector<std::shared_ptr<slot>> slots() const;
  // Serves a version that was loaded, without the people who are to be forgotten. The caller holds slot::changing.
  std::shared_ptr<const served_model> publish(slot& in, model_record record, std::shared_ptr<model> loaded,
                                              const training_context& context);
  void keep_failure(std::string_view name, std::string_view why);
  // What the model of the slot loses. The caller holds slot::changing.
  static forgotten_model forget_served(slot& in, std::span<const core::subject_handle> gone,
                                       const training_context& context);
  // What finish_forgettings() does, and what of it to the versions of one recommender. Throws what stood in the way
  // after everything else was done.
  void forget_choices(std::span<const core::subject_handle> gone);
  void forget_everywhere(std::span<const core::subject_handle> gone, forgetting_report& report,
                         const training_context& context);
  void forget_versions(const std::string& name, std::span<const core::subject_handle> gone,
                       const training_context& context, std::vector<forgotten_model>& lost);

  store::sql::database& sql_;
  datasets& data_;
  model_registry& models_;
  subject::durable_directory& people_;
  subject::purposes& purposes_;

  std::atomic<bool> loading_ = false;
  mutable std::mutex mutex_;  // of slots_
  std::map<std::string, std::shared_ptr<slot>, std::less<>> slots_;
  forgetting_ledger ledger_;
  std::function<void(std::span<const core::subject_handle>)> before_forgetting_ =
      [](std::span<const core::subject_handle>) {};
  std::mutex finishing_;  // held by finish_forgettings()
};

}  // namespace eunomia::recommend
