#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "recommend/dataset.h"
#include "store/table/column_batch.h"

// Values of declared columns as an application gives them one by one: text by name, {"PRICE", "12.5"}.
namespace eunomia::recommend {

// By the names as they are declared; empty text, which stands for nothing known, stays. columns: of a table of a
// dataset, which `of` names ("interactions of dataset "shop""). Throws errc::invalid_argument, beginning with the place
// ("events[3].properties"), for a column that is not declared, text that is not of its type, or one column twice; never
// with the text, which may be personal.
std::map<std::string, std::string> check_metadata_values(const std::map<std::string, std::string>& given,
                                                         std::span<const metadata_column> columns,
                                                         std::string_view place, std::string_view of);

// Adds a row: text that was checked, or none.
void add_metadata_value(store::table::column_values& into, const std::string* text);

}  // namespace eunomia::recommend
