// The buttons of /posts/cart that call the action as a function.
import { addToCart } from "/_live/actions/examples.posts.js";

for (const button of document.querySelectorAll("[data-product]")) {
  button.addEventListener("click", async () => {
    const told = document.getElementById("told");
    try {
      const cart = await addToCart(button.dataset.product);
      told.textContent = `${Object.values(cart).reduce((a, b) => a + b)} in the cart`;
    } catch (error) {
      told.textContent = error.message;
    }
  });
}
