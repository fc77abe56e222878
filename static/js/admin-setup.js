// The setup page: the code comes as the link's fragment, so that it is in no log. It moves into the form and leaves the address.
const token = document.getElementById("token");
const code = decodeURIComponent(location.hash.slice(1));
if (token && code) {
  token.value = code;
  document.getElementById("token-field").hidden = true;
  history.replaceState(null, "", location.pathname);
  document.getElementById("address")?.focus();
}
