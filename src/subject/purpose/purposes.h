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

#include "core/admission.h"
#include "core/published.h"
#include "core/purpose.h"
#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/purpose/choice.h"
#include "subject/purpose/decision.h"
#include "subject/purpose/definition.h"

namespace eunomia::subject {

// What personal data may be used for, and what people chose about it. It is the access policy of the house: every read
// of personal rows asks admission_for().
//
// Who is admitted for a purpose: where its lawful basis is consent, who consented; else everybody; never whose data is
// restricted, for it or for all purposes, nor who objects to it. An objection keeps counting when the basis changes:
// nobody talks it away by another definition.
//
// It rests in SQL and is answered from memory: about 16 to 32 bytes for each person who is an exception to a purpose. A
// change of one person's costs a few statements and at most core::admission::max_changes entries copied. Once in so
// many changes, at a redefinition and at the start, the tables are built anew: O(n), 10 M consents in some seconds.
// Safe from any number of threads; one process has the database, in one of these.
class purposes final : public core::access_policy {
 public:
  // Brings the schema up to date (room "purpose") and defines "recommendation" where it is not. The database must
  // outlive it.
  explicit purposes(store::sql::database& sql);

  // Who may be read for it now. errc::permission_denied, with the remedy, when it is not defined. After a change whose
  // outcome nobody knows the choices are read again first: errc::unavailable when they cannot be, never an old answer.
  std::shared_ptr<const core::admission> admission_for(const core::purpose& why) const override;
  std::optional<core::refusal> refusal_of(core::subject_handle who, const core::purpose& why) const override;

  // What else belongs to the transaction of a change, such as its entry in the audit log; may be called again when the
  // transaction is repeated.
  using also_defined = std::function<void(store::sql::transaction& in, const purpose_definition& made)>;
  using also_decided = std::function<void(store::sql::transaction& in, const compatibility_decision& made)>;

  // version and times are given here. errc::already_exists; errc::invalid_argument naming what cannot be;
  // errc::resource_exhausted above max_purposes. There is no way to remove a purpose: rows and evidence refer to it.
  purpose_definition define(const purpose_definition& wanted, const also_defined& also = {});
  // The next version of one that is there. Earlier ones are kept, since people chose in their sight. errc::not_found.
  purpose_definition redefine(const purpose_definition& wanted, const also_defined& also = {});
  std::vector<purpose_definition> list() const;  // by name
  // errc::not_found with the names there are.
  purpose_definition find(std::string_view name) const;

  // Keeps a choice with its evidence; the next read knows it when this returns. One that stands already, of the same
  // version of the definition, changes nothing. Without a purpose: restrict and lift_restriction, of every purpose.
  // errc::invalid_argument for other choices without one, and for nobody (handle 0); errc::not_found for a purpose that
  // is not defined; errc::failed_precondition, with what to do instead, for an objection to what may not be objected to
  // (see may_be_objected_to) and for consent to what does not rest on it; errc::resource_exhausted above
  // max_evidence_of_a_subject, but for choices that take a permission away.
  void choose(core::subject_handle who, const std::optional<core::purpose>& about, choice made);
  // The same as part of a larger change: call refresh() with the person after the transaction, or in_doubt(). Whether
  // it changed anything.
  bool choose(store::sql::transaction& in, core::subject_handle who, const std::optional<core::purpose>& about,
              choice made) const;
  // Throws what choose() would throw of the choice, whoever made it.
  void check_choice(const std::optional<core::purpose>& about, choice made) const;
  std::vector<standing_choice> choices_of(core::subject_handle who) const;
  std::vector<choice_evidence> evidence_of(core::subject_handle who) const;  // oldest first
  // Who is not admitted for a purpose because they said so themselves: they object, had their data restricted, or
  // withdrew their consent to what rests on it. Ascending. Throws as admission_for.
  std::vector<core::subject_handle> people_who_refuse(const core::purpose& why) const;
  // Of whom a choice stands, ascending: any, or of one kind.
  std::vector<core::subject_handle> people_with_choices(store::sql::connection& in,
                                                        std::optional<choice_kind> kind = {}) const;

  // Takes out everything that is kept of these people; the number of rows. Call refresh() with them after the
  // transaction, or in_doubt().
  std::uint64_t erase(store::sql::transaction& in, std::span<const core::subject_handle> gone) const;

  // Reads what stands of these people again. What cannot be read now is read before the next answer.
  void refresh(std::span<const core::subject_handle> people);
  // A transaction may or may not have been committed.
  void in_doubt() noexcept { ++doubts_; }

  // id and time are given here. errc::not_found for a purpose that is not defined; errc::invalid_argument for an empty
  // or overlong text, or one purpose twice; errc::resource_exhausted above max_decisions.
  compatibility_decision record_decision(const compatibility_decision& wanted, const also_decided& also = {});
  std::vector<compatibility_decision> decisions() const;  // oldest first
  // The newest decision that allows data collected for these to be used for another purpose, 0 when it was collected
  // for that. errc::permission_denied, with the remedy, when none does.
  std::int64_t check_compatible(std::span<const core::purpose> collected_for, const core::purpose& wanted) const;

 private:
  struct known_purpose {
    lawful_basis basis;
    std::shared_ptr<const core::admission> who;
  };
  using known_purposes = std::map<std::string, known_purpose, std::less<>>;

  std::shared_ptr<const known_purposes> current() const;
  bool is_old() const { return settled_ != doubts_; }
  void reload() const;
  void reload(const purpose_definition& changed);
  void write(const std::function<void(store::sql::transaction&)>& body);

  store::sql::database& sql_;
  mutable std::mutex changing_;  // read from SQL, then published: one at a time
  mutable core::published<known_purposes> known_;
  // What is in memory may be old when these differ: how often that came to be so, and what of it was read since.
  mutable std::atomic<std::uint64_t> doubts_ = 1;
  mutable std::atomic<std::uint64_t> settled_ = 0;
};

}  // namespace eunomia::subject
