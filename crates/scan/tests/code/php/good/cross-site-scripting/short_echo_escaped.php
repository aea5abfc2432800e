<p><?= htmlspecialchars($_GET['q']) ?></p>
