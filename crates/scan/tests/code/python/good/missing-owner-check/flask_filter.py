@app.route("/invoices/<int:invoice_id>")
@login_required
def invoice(invoice_id):
    invoice = Invoice.query.filter_by(id=invoice_id, user_id=current_user.id).first_or_404()
    return jsonify(invoice.to_dict())
