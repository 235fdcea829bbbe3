// Filters of Personalize: refused with a position, or printed as what is read to the same, and applied to a small shop.

#include <algorithm>
#include <array>

#include "fuzz.h"
#include "recommend/filter.h"

namespace {

using namespace eunomia;
using core::errc;

const recommend::item_metadata& three_items() {
  using recommend::metadata_type;
  static const recommend::item_metadata items = {
      {{"PRICE", metadata_type::number}, {"G", metadata_type::category}, {"NAME", metadata_type::text}},
      {{"1", std::nullopt, "-2.5"}, {"a|b", "", std::nullopt}, {"lamp", "*", std::nullopt}}};
  return items;
}

// Somebody who saw the first item, bought the second, and is of an age.
class somebody final : public recommend::filter_facts {
 public:
  std::uint32_t candidates() const override { return 3; }
  std::shared_ptr<const recommend::item_set> candidates_that_meet(std::string_view place,
                                                                  const recommend::item_condition& one) const override {
    return selections_->meeting(place, one);
  }
  void visit_events(const event_visitor& visit) const override {
    visit(0, "view");
    visit(1, "");
    visit(std::nullopt, "buy");
  }
  std::optional<std::string> value_of_person(std::string_view) const override { return "30"; }
  std::optional<std::string> value_of_current_item(std::size_t, std::string_view column) const override {
    return three_items().values[three_items().column_named(column)][0];
  }

 private:
  std::unique_ptr<recommend::item_selections> selections_ =
      std::make_unique<recommend::item_selections>(three_items(), 3);
};

void filter_the_shop(recommend::filter_expression read, const recommend::filter_values& values) {
  constexpr std::array<std::string_view, 2> users = {"AGE:integer", "G:category"};
  std::vector<recommend::metadata_column> columns;
  for (const std::string_view text : users) {
    columns.push_back(recommend::metadata_column::parse(text));
  }
  const recommend::filter compiled(std::move(read), three_items().columns, columns);
  const recommend::item_set allowed = compiled.allowed(somebody(), values);
  fuzz::require(allowed.size() <= 3 && allowed.count() <= 3, "a filter gives items of the catalogue");
}

}  // namespace

// The expression, a line feed, and the text of every parameter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  recommend::filter_expression read;
  if (!fuzz::accepted(errc::invalid_argument,
                      [&] { read = recommend::filter_expression::parse(text.substr(0, end)); })) {
    return 0;
  }
  const std::string printed = read.str();
  fuzz::require(recommend::filter_expression::parse(printed).str() == printed, "a filter is read as it was printed");
  recommend::filter_values values;
  for (const std::string& name : read.parameters()) {
    values.emplace(name, text.substr(std::min(end + 1, text.size())));
  }
  fuzz::accepted(errc::invalid_argument, [&] { filter_the_shop(std::move(read), values); });
  return 0;
}
