#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "wire/recombee/call.h"
#include "wire/recombee/reql.h"

// What expressions ask about: the properties of a database's items and users.
namespace eunomia::wire::recombee {

enum class candidates_are { items, users };

// The properties of a database. It must outlive this.
class database_schema final : public reql_schema {
 public:
  database_schema(const database& of, candidates_are what) : of_(of), what_(what) {}
  std::optional<std::size_t> slot_of(reql_whose whose, std::string_view property) const override;

 private:
  const database& of_;
  candidates_are what_;
};

// Whom and what one question is about, beside candidates.
struct question_context {
  std::optional<core::subject_handle> user = std::nullopt;
  std::string user_id = {};
  std::optional<std::string> item = std::nullopt;
  std::optional<std::string> segment = std::nullopt;
};

// What is known of one candidate after the other. The profile of the user is read when it is first asked for.
class question_facts final : public reql_facts {
 public:
  // All must outlive it. While it lives nothing is put into the catalogue.
  question_facts(const call& of, const database::reading& catalogue, const question_context& about);

  // The candidate that is asked about from here on. known: null where nothing is known of it.
  void look_at(std::string_view id, const database::values* known) {
    id_ = id;
    known_ = known;
  }

  reql_value value_of(reql_whose whose, std::size_t slot, std::string_view another) const override;
  std::optional<std::string> segment() const override { return about_.segment; }
  double now() const override { return now_; }
  double random() const override;

 private:
  reql_value of_item(std::string_view id, const database::values* known, std::size_t slot) const;

  const call& call_;
  const database::reading& catalogue_;
  const question_context& about_;
  const double now_;  // of all candidates the same
  std::string_view id_;
  const database::values* known_ = nullptr;
  mutable std::optional<database::values> user_;
};

// The values of an item or a user, by the names of their properties; those that are asked for, or all. Throws
// errc::invalid_argument for a name that there is not.
core::json_value shown_values(const std::vector<property>& of, const database::values* known,
                              const std::optional<std::vector<std::string>>& included);
void check_included(const std::vector<property>& of, const std::optional<std::vector<std::string>>& included);

}  // namespace eunomia::wire::recombee
