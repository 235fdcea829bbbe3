#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/job.h"
#include "core/subject_handle.h"
#include "core/thread_pool.h"
#include "recommend/catalogue.h"
#include "recommend/features.h"
#include "recommend/item_popularity.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

struct scored_item {
  item_position item;
  float score;
  friend bool operator==(const scored_item&, const scored_item&) = default;
};

// A past interaction's part in a recommendation. Shares of one explanation sum to 1, or there are none.
struct contribution {
  item_position item;
  float share;
};

// Whom a score is for: what they did (known, new or anonymous people alike are folded in from it), and what is known
// of them. An empty history is a person never seen.
struct person {
  std::span<const preference> history = {};      // any order; items distinct
  std::span<const feature_value> features = {};  // of the model's user features; may be empty
  std::int64_t now = 0;                          // UTC ms; 0: the newest event the model learned from
};

// The side of a model that answers: immutable, so any number of threads may ask. Scores are comparable within one
// answer only.
class scorer {
 public:
  virtual ~scorer() = default;

  const catalogue& items() const { return *items_; }
  const std::shared_ptr<const catalogue>& shared_items() const { return items_; }

  // Writes a score for every item (scores.size() == items().size()); -infinity: no candidate for this person. Items of
  // the history are scored like any other.
  virtual void score(const person& who, std::span<float> scores) const = 0;

  // Those of these features, by their names (see feature_builder.h), that the model learned from: for person.features.
  virtual std::vector<feature_value> features_of(std::span<const std::string> names) const;

  // The items most like one, best first, at most count; never the item itself. Empty when nothing is known of it.
  virtual std::vector<scored_item> similar(item_position item, std::size_t count) const = 0;

  // Writes how alike one item is to each of others, on the scale of similar(); 0: not at all, or nothing is known of
  // it, or it is the item itself. likenesses.size() == others.size().
  virtual void likeness(item_position item, std::span<const item_position> others, std::span<float> likenesses) const;

  // Why the item was recommended: the past interactions that raised its score most, best first, at most count. Empty
  // for an answer that is not personal.
  virtual std::vector<contribution> explain(const person& who, item_position item, std::size_t count) const = 0;

 protected:
  explicit scorer(std::shared_ptr<const catalogue> items) : items_(std::move(items)) {}

 private:
  std::shared_ptr<const catalogue> items_;
};

// How completely a model has forgotten somebody.
enum class forgetting_level {
  exact,                 // bit for bit what training without them gives
  exact_up_to_rounding,  // the statistics are exact; derived floating-point values wait for rederive()
  converged,             // re-converged near what training without them gives; the distance is measured, not zero
  opaque                 // it came without the rows it learned from: nobody can be taken out
};
std::string_view name_of(forgetting_level level) noexcept;

struct forget_report {
  forgetting_level level = forgetting_level::exact;
  std::uint32_t subjects = 0;      // of those asked, how many the model held
  std::uint64_t interactions = 0;  // pairs taken out
};

struct memory_estimate {
  std::uint64_t training_bytes = 0;  // the peak while training, above the interactions themselves
  std::uint64_t model_bytes = 0;     // while it serves and can forget
};

// What training runs on.
struct training_context {
  core::thread_pool& pool;
  core::job& job;
  std::uint64_t memory_limit = UINT64_MAX;  // bytes; training that needs more refuses with errc::resource_exhausted
};

// A trained model: the integers and factors it was trained into, the preferences it learned from (so that it can take
// a person out), and the scorer that answers meanwhile. Readers hold a scorer as long as they like: they see the model
// before a forgetting or after it, never between.
class model {
 public:
  virtual ~model() = default;

  virtual std::string_view family() const noexcept = 0;       // "ease"
  virtual std::string parameters() const = 0;                 // JSON, with every default filled in
  virtual const preferences& learned_from() const = 0;        // not while another thread forgets
  virtual std::shared_ptr<const scorer> current() const = 0;  // thread-safe
  // How many people had each item, [catalogue], without those who were forgotten; null where nobody can say.
  // Thread-safe.
  virtual std::shared_ptr<const item_popularity::counts> people_by_item() const { return nullptr; }

  // Takes people out and publishes the scorer without them; subjects it does not know are ignored. One call at a time.
  // On an exception nothing has changed.
  virtual forget_report forget(std::span<const core::subject_handle> gone, const training_context& context) = 0;

  // Recomputes what forget() only updated, so that the model is bit-identical with one trained without the people
  // forgotten. Nothing to do for families whose forgetting is exact already.
  virtual void rederive(const training_context& context) { (void)context; }

  // Writes the model to one file, see model_file.h; replaces an existing one atomically.
  virtual void save(const std::filesystem::path& file) const = 0;
};

}  // namespace eunomia::recommend
