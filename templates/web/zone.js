// Proposes the zone of this device, where nobody has chosen one yet. It sends nothing.
(function () {
  "use strict";
  var select = document.getElementById("zone");
  if (!select || select.hasAttribute("data-chosen")) return;
  var untouched = Array.prototype.every.call(select.options, function (option) {
    return option.selected === option.defaultSelected;
  });
  var guess = "";
  try {
    guess = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  } catch (error) {
    return;
  }
  var known = Array.prototype.some.call(select.options, function (option) {
    return option.value === guess;
  });
  if (untouched && known) select.value = guess;
})();
