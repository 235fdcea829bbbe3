#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/purpose.h"
#include "core/subject_handle.h"

// Who may be read for a purpose: what the rooms that keep personal rows (store/, recommend/) and the room that knows
// what people chose (subject/) agree on. It lies below both, so that neither needs the other.
namespace eunomia::core {

// Which people may be read for one purpose, at one moment. Immutable: a reader keeps what it got for as long as its
// read lasts, and asks anew for the next one. Either everybody but some (they objected, or their data is restricted),
// or only some (they consented). admits() is a look into a hash table, whatever the number of people: 16 to 32 bytes of
// memory for each of the exceptions.
class admission {
 public:
  static std::shared_ptr<const admission> everybody();
  static std::shared_ptr<const admission> everybody_but(std::span<const subject_handle> refused);
  static std::shared_ptr<const admission> only(std::span<const subject_handle> admitted);

  bool admits(subject_handle who) const { return is_exception(who) != newcomers_; }
  // Nobody is left out: rows need not be looked at.
  bool admits_everybody() const { return newcomers_ && exceptions_ == 0; }
  // Somebody of whom nothing is known is admitted: what is not so where consent is needed.
  bool admits_newcomers() const { return newcomers_; }
  // The people left out, or those let in: whom admits_newcomers() does not speak for.
  std::size_t exceptions() const { return exceptions_; }

  // A number of this and of what with() makes of it for as long as nobody is refused anew, and of no other admission:
  // what was worked out from people whom it admits may go on being used while it is the same.
  std::uint64_t era() const { return era_; }

  // The same with these people's admission decided anew. Costs the number of changes since the table was last built, at
  // most max_changes, and now and then (once in max_changes single changes) a new table.
  std::shared_ptr<const admission> with(std::span<const subject_handle> admitted,
                                        std::span<const subject_handle> refused) const;
  static constexpr std::size_t max_changes = 4096;

 private:
  // Open addressing with linear probing at a load of at most a half; 0, nobody, marks a free place.
  class table {
   public:
    explicit table(std::span<const subject_handle> members);
    bool has(subject_handle who) const;
    std::vector<subject_handle> members() const;

   private:
    std::size_t place_of(std::uint64_t who) const { return (who * 0x9e3779b97f4a7c15) >> shift_; }

    unsigned shift_;
    std::vector<std::uint64_t> places_;
  };
  struct change {
    subject_handle who;
    bool exception;
  };

  admission(bool newcomers, std::shared_ptr<const table> base, std::vector<change> changes, std::size_t exceptions,
            std::uint64_t era)
      : newcomers_(newcomers),
        exceptions_(exceptions),
        base_(std::move(base)),
        changes_(std::move(changes)),
        era_(era) {}
  static std::shared_ptr<const admission> made_of(bool newcomers, std::span<const subject_handle> exceptions,
                                                  std::uint64_t era);

  bool is_exception(subject_handle who) const {
    if (!changes_.empty()) {
      if (const auto changed = change_of(who)) {
        return *changed;
      }
    }
    return base_ != nullptr && base_->has(who);
  }
  std::optional<bool> change_of(subject_handle who) const;

  bool newcomers_;
  std::size_t exceptions_;
  std::shared_ptr<const table> base_;  // null: empty
  std::vector<change> changes_;        // of base_; by handle
  std::uint64_t era_;
};

// Why somebody is not admitted. Where several reasons stand, the first of these is told.
enum class refusal {
  restriction,  // their data may be stored and nothing else (GDPR Art. 18)
  objection,    // they object to this purpose (Art. 21)
  no_consent    // the purpose rests on consent, and they gave none or withdrew it (Art. 6(1)(a), 7(3))
};
std::string_view name_of(refusal why) noexcept;  // "restriction", "objection", "no_consent"

// Says who may be read for what. Every read of personal rows asks it anew, so a change takes effect at the next read.
// Safe from any number of threads.
class access_policy {
 public:
  virtual ~access_policy() = default;

  // Throws errc::permission_denied for a purpose that is not defined, errc::unavailable when it cannot be known.
  virtual std::shared_ptr<const admission> admission_for(const purpose& why) const = 0;
  // Why admission_for() does not admit somebody; nothing when it does. May look into a database.
  virtual std::optional<refusal> refusal_of(subject_handle who, const purpose& why) const = 0;
};

}  // namespace eunomia::core
